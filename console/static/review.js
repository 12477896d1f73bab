// Review by keyboard. The next mails are in the page: a choice shows the next one at once and is sent meanwhile.
"use strict";

const review = { since: 0, passed: new Set(), busy: Promise.resolve() };

function deck() { return document.querySelector("[data-deck]"); }
function card() { return deck()?.querySelector("[data-card]:not([hidden])"); }

function show() {
  const first = deck()?.querySelector("[data-card]");
  if (first) { first.hidden = false; }
  deck().querySelector("[data-empty]").hidden = Boolean(first) || review.waiting > 0;
  review.since = performance.now();
  if (first) { window.scrollTo(0, 0); document.getElementById("main").focus({ preventScroll: true }); }
}

function take(html, inFront) {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  const told = parsed.querySelector("[data-progress]");
  if (told) { deck().querySelector("[data-progress]")?.replaceWith(document.adoptNode(told)); }
  tell();
  if (told?.dataset.message) { razbor.toast(told.dataset.message); }
  const last = deck().querySelector("[data-empty]");
  parsed.querySelectorAll("[data-card]").forEach((fresh) => {
    if (deck().querySelector(`[data-card][data-raw="${fresh.dataset.raw}"]`)) { return; }
    fresh.hidden = true;
    const at = inFront ? deck().querySelector("[data-card]") || last : last;
    at.before(document.adoptNode(fresh));
  });
}

// What was chosen last, beside the figures: a slip of the finger is seen, and `U` takes it back.
function tell() {
  const place = deck().querySelector("[data-last]");
  if (place) { place.textContent = review.last || ""; }
}

function held() {
  const here = [...deck().querySelectorAll("[data-card]")].map((each) => each.dataset.raw);
  return [...review.passed, ...here].slice(-250).join(",");
}

function choose(topic) {
  const chosen = card();
  if (!chosen) { return; }
  const ms = Math.round(performance.now() - review.since);
  const name = [...chosen.querySelectorAll("datalist option")].find((option) => option.dataset.topic === topic)?.value;
  review.last = `${chosen.querySelector("[data-ticket]").textContent}: ${name || topic}`;
  tell();
  chosen.remove();
  review.waiting = (review.waiting || 0) + 1;
  show();
  review.busy = review.busy.then(async () => {
    try {
      const answer = await razbor.send(`/review/${chosen.dataset.raw}`, { topic, ms, passed: held() });
      take(await answer.text(), false);
    } catch (fault) {
      razbor.toast(fault.message, true);
      if (fault instanceof TypeError) { chosen.hidden = true; deck().querySelector("[data-empty]").before(chosen); }
    }
    review.waiting -= 1;
    if (!card()) { show(); }
  });
}

function later() {
  const chosen = card();
  if (!chosen) { return; }
  review.passed.add(chosen.dataset.raw);
  const next = chosen.querySelector("[data-later]").getAttribute("href");
  chosen.remove();
  if (deck().querySelector("[data-card]")) { show(); } else { location.href = next; }
}

async function undo() {
  await review.busy;
  try {
    const answer = await razbor.send("/review/undo/last", {});
    const now = card();
    if (now) { now.hidden = true; }
    review.last = "";
    take(await answer.text(), true);
    show();
  } catch (fault) { razbor.toast(fault.message, true); }
}

function another(input) {
  const wanted = input.value.trim().toLocaleLowerCase();
  if (!wanted) { return; }
  const found = [...input.list.options].find((option) => option.value.toLocaleLowerCase().includes(wanted));
  if (found) { choose(found.dataset.topic); } else { razbor.toast(deck().dataset.none, true); }
}

document.addEventListener("submit", (event) => {
  if (event.target.matches("[data-choose]")) { event.preventDefault(); if (event.submitter?.value) { choose(event.submitter.value); } }
  if (event.target.matches("[data-undo-form]")) { event.preventDefault(); undo(); }
});
document.addEventListener("click", (event) => {
  if (event.target instanceof Element && event.target.closest("[data-later]")) { event.preventDefault(); later(); }
});

document.addEventListener("keydown", (event) => {
  if (!deck()) { return; }
  if (event.target instanceof Element && event.target.matches("[data-another]")) {
    if (event.key === "Enter") { event.preventDefault(); another(event.target); }
    return;
  }
  if (razbor.isTyping(event) || event.defaultPrevented || event.repeat) { return; }
  const isOnControl = event.target instanceof Element && event.target.matches("a, button, summary");
  const number = /^(?:Digit|Numpad)([1-9])$/.exec(event.code);
  if (event.key === "Enter" && !isOnControl) { const first = card()?.querySelector("[data-key='1']"); if (first && !card().querySelector(".audit-note")) { event.preventDefault(); choose(first.value); } }
  else if (number && !event.shiftKey) { const offer = card()?.querySelector(`[data-key='${number[1]}']`); if (offer) { event.preventDefault(); choose(offer.value); } }
  else if (event.code === "Slash" && !event.shiftKey) { event.preventDefault(); card()?.querySelector("[data-another]")?.focus(); }
  else if (event.code === "KeyS") { event.preventDefault(); choose("spam_phishing"); }
  else if (event.code === "KeyN") { event.preventDefault(); later(); }
  else if (event.code === "KeyT") { event.preventDefault(); card()?.querySelector("[data-ticket]")?.click(); }
  else if (event.code === "KeyU") { event.preventDefault(); undo(); }
});

function begin() {
  if (!deck()) { return; }
  review.since = performance.now();
  new URLSearchParams(location.search).get("passed")?.split(",").forEach((raw) => review.passed.add(raw));
}
document.addEventListener("DOMContentLoaded", begin);
document.addEventListener("htmx:afterSettle", (event) => { if (event.target === document.body) { begin(); } });
