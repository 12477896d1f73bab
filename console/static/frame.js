// The frame: live counts, toasts, help, jumps. Keys go by their place (`code`), so a Russian layout works too.
"use strict";

const razbor = {
  isTyping(event) {
    const at = event.target;
    return event.ctrlKey || event.metaKey || event.altKey ||
      (at instanceof Element && at.closest("input:not([type=checkbox]), textarea, select, dialog[open]") !== null);
  },
  toast(text, isBad) {
    document.querySelectorAll("#toasts > .toast:not(.is-bad):not([data-fades])").forEach((shown) => shown.remove());
    const line = document.createElement("div");
    line.className = isBad ? "toast is-bad" : "toast";
    line.textContent = text;
    document.getElementById("toasts")?.append(line);
    setTimeout(() => line.remove(), 10000);
  },
  async send(address, fields) {
    const answer = await fetch(address, {
      method: "POST",
      headers: { "X-CSRF-Token": document.body.dataset.csrf, "X-Razbor": "1" },
      body: new URLSearchParams(fields),
      redirect: "error",
    });
    if (answer.headers.get("HX-Redirect")) { location.href = answer.headers.get("HX-Redirect"); }
    if (!answer.ok) {
      let words = document.body.dataset.lost;
      try { words = (await answer.json()).fault || words; } catch { /* no words of its own */ }
      throw new Error(words);
    }
    return answer;
  },
};

const jumps = { KeyR: "/review", KeyM: "/queues?view=mine", KeyQ: "/queues", KeyW: "/queues?view=waiting", KeyE: "/queues?view=escalated", KeyB: "/queues?view=breached", KeyH: "/held", KeyP: "/quarantine", KeyO: "/outbox", KeyD: "/dashboard", KeyT: "/models", KeyS: "/settings", KeyL: "/audit" };
let jumpUntil = 0;

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target instanceof Element && event.target.matches("input, textarea, select")) { event.target.blur(); return; }
  if (razbor.isTyping(event)) { return; }
  if (Date.now() < jumpUntil && jumps[event.code]) { event.preventDefault(); event.stopImmediatePropagation(); jumpUntil = 0; location.href = jumps[event.code]; return; }
  if (event.code === "KeyG" && !event.shiftKey) { jumpUntil = Date.now() + 1500; return; }
  if (event.key === "?" || (event.code === "Slash" && event.shiftKey)) { event.preventDefault(); document.getElementById("help")?.showModal(); return; }
  if (event.code === "Slash" && !document.querySelector("[data-deck]")) { event.preventDefault(); document.getElementById("q")?.focus(); return; }
  if (event.code === "KeyU") { const undo = document.querySelector("[data-undo]"); if (undo) { event.preventDefault(); undo.click(); } }
});

document.addEventListener("click", (event) => {
  const opener = event.target instanceof Element && event.target.closest("[data-open]");
  if (opener) { document.getElementById(opener.dataset.open)?.showModal(); }
});

function settle() {
  document.querySelectorAll("[data-fades]").forEach((toast) => {
    if (!toast.dataset.timed) { toast.dataset.timed = "1"; setTimeout(() => toast.remove(), 10000); }
  });
  const here = new URL(location.href);
  if (here.searchParams.has("said")) {
    ["said", "undo", "n"].forEach((name) => here.searchParams.delete(name));
    history.replaceState(history.state, "", here);
  }
}
document.addEventListener("DOMContentLoaded", settle);
document.addEventListener("htmx:afterSettle", settle);

document.addEventListener("DOMContentLoaded", () => {
  if (!document.body.dataset.csrf) { return; }
  const stream = new EventSource("/events");
  stream.addEventListener("counts", (event) => {
    const counts = JSON.parse(event.data);
    document.querySelectorAll("[data-count]").forEach((place) => {
      const said = counts[place.dataset.count];
      const text = said ? String(said) : "";
      if (place.textContent !== text) { place.textContent = text; }
    });
  });
  window.addEventListener("pagehide", () => stream.close());
});
