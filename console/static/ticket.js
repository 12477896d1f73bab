// A ticket by keyboard: R replies, T templates, M macros, E notes, A takes, C closes, Ctrl+Enter sends.
"use strict";

const LOOK_EVERY_MS = 15000;

async function showPicker() {
  const place = document.querySelector("[data-picker-place]");
  const opener = document.querySelector("[data-templates]");
  if (!place || !opener) { return; }
  if (place.querySelector("[data-picker]")) { place.replaceChildren(); return; }
  try {
    const answer = await fetch(opener.dataset.templates, { headers: { "X-Razbor": "1", "HX-Target": "picker" }, redirect: "error" });
    if (!answer.ok) { throw new Error(document.body.dataset.lost); }
    const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
    place.replaceChildren(document.adoptNode(parsed.querySelector("[data-picker]")));
    (place.querySelector("[data-macro], [data-fill]"))?.focus();
  } catch (fault) { razbor.toast(fault.message, true); }
}

async function showPreview(button) {
  const reply = document.querySelector("[data-reply]");
  const place = document.querySelector("[data-preview]");
  try {
    const found = await (await razbor.send(button.dataset.previewOf, { text: reply.value })).json();
    place.hidden = false;
    place.textContent = found.problems.length ? found.problems.join("; ") : found.text;
    place.classList.toggle("fault", found.problems.length > 0);
  } catch (fault) { razbor.toast(fault.message, true); }
}

function openLetter(details) {
  if (!details.open || details.querySelector("iframe")) { return; }
  const frame = document.createElement("iframe");
  frame.setAttribute("sandbox", "");
  frame.title = details.querySelector("summary").textContent;
  frame.src = details.dataset.letter;
  details.append(frame);
}

async function lookAround() {
  const page = document.querySelector("[data-presence]");
  if (!page || document.hidden) { return; }
  const writes = Boolean(document.querySelector("[data-reply]")?.value.trim());
  try {
    const answer = await fetch(`${page.dataset.presence}?writes=${writes}`, { headers: { "X-Razbor": "1" }, redirect: "error" });
    if (!answer.ok) { return; }
    const others = await answer.json();
    const place = page.querySelector("[data-also-here]");
    const said = others.map((other) => other.writes ? `${other.login} (${page.dataset.writes})` : other.login).join(", ");
    const text = said ? `${page.dataset.also}: ${said}` : "";
    if (place && place.textContent !== text) { place.textContent = text; place.hidden = !text; }
  } catch { /* told again in a moment */ }
}
setInterval(lookAround, LOOK_EVERY_MS);
document.addEventListener("DOMContentLoaded", lookAround);
document.addEventListener("htmx:afterSettle", (event) => { if (event.target === document.body) { lookAround(); } });

document.addEventListener("toggle", (event) => {
  if (event.target instanceof Element && event.target.matches("[data-letter]")) { openLetter(event.target); }
}, true);

document.addEventListener("click", (event) => {
  const at = event.target instanceof Element ? event.target : null;
  if (at?.closest("[data-templates]")) { showPicker(); }
  const preview = at?.closest("[data-preview-of]");
  if (preview) { showPreview(preview); }
  const fill = at?.closest("[data-fill]");
  if (fill) {
    const reply = document.querySelector("[data-reply]");
    const text = fill.closest("li").querySelector("[data-text]").textContent;
    reply.value = reply.value.trim() ? `${reply.value.trimEnd()}\n\n${text}` : text; // what was typed stays
    document.querySelector("[data-picker-place]").replaceChildren();
    reply.focus();
  }
});

document.addEventListener("keydown", (event) => {
  if (!document.querySelector("[data-ticket-page]")) { return; }
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target instanceof Element && event.target.matches("textarea")) {
    event.preventDefault();
    event.target.form.requestSubmit(event.target.form.querySelector("button:not([type=button])"));
    return;
  }
  if (razbor.isTyping(event) || event.defaultPrevented) { return; }
  const open = (inside) => { event.preventDefault(); const field = document.querySelector(inside); field?.closest("details")?.setAttribute("open", ""); field?.focus(); };
  const number = /^(?:Digit|Numpad)([1-9])$/.exec(event.code);
  const macro = number && document.querySelector(`[data-macro='${number[1]}']`);
  if (macro) { event.preventDefault(); macro.click(); }
  else if (event.key === "Escape") { document.querySelector("[data-picker-place]")?.replaceChildren(); }
  else if (event.code === "KeyR") { open("[data-reply]"); }
  else if (event.code === "KeyT" || event.code === "KeyM") { event.preventDefault(); showPicker(); }
  else if (event.code === "KeyE") { open("[data-note]"); }
  else if (event.code === "KeyC") { open("[data-close] select"); }
  else if (event.code === "KeyA") { event.preventDefault(); document.querySelector("[data-take]")?.click(); }
});
