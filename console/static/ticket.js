// A ticket by keyboard: R replies, E notes, A takes, C closes, Ctrl+Enter sends.
"use strict";

document.addEventListener("keydown", (event) => {
  if (!document.querySelector("[data-ticket-page]")) { return; }
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target instanceof Element && event.target.matches("textarea")) {
    event.preventDefault();
    event.target.form.requestSubmit(event.target.form.querySelector("button"));
    return;
  }
  if (razbor.isTyping(event) || event.defaultPrevented) { return; }
  const open = (inside) => { event.preventDefault(); const field = document.querySelector(inside); field?.closest("details")?.setAttribute("open", ""); field?.focus(); };
  if (event.code === "KeyR") { open("[data-reply]"); }
  else if (event.code === "KeyE") { open("[data-note]"); }
  else if (event.code === "KeyC") { open("[data-close] select"); }
  else if (event.code === "KeyA") { event.preventDefault(); document.querySelector("[data-take]")?.click(); }
});
