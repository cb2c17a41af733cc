// Keeps an open page up to date: the server sends its main part whenever that has changed.
"use strict";

const view = document.getElementById("view");
const connection = document.getElementById("connection");
const announcement = document.getElementById("announcement");
let stream = null;

function announced(root) {
  return [...root.querySelectorAll("[data-announce]")].map(each => each.dataset.announce).join(". ");
}

function show(html) {
  const before = announced(view);
  const opened = [...view.querySelectorAll("details[open][id]")].map(each => each.id);
  const scrolled = [...view.querySelectorAll(".scroll, .log")].map(each => [each.scrollLeft, each.scrollTop]);
  const links = () => [...view.querySelectorAll("a, summary, [tabindex]")];
  const focused = links().indexOf(document.activeElement);
  view.innerHTML = html;
  for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
  [...view.querySelectorAll(".scroll, .log")].forEach((each, index) => {
    if (scrolled[index]) [each.scrollLeft, each.scrollTop] = scrolled[index];
  });
  if (focused >= 0) links()[focused]?.focus({ preventScroll: true });
  const after = announced(view);
  if (after !== before) announcement.textContent = after;
}

function connect() {
  const address = new URL(location.href);
  address.searchParams.set("live", "1");
  stream = new EventSource(address);
  stream.addEventListener("open", () => { connection.hidden = false; connection.textContent = "Live"; });
  stream.addEventListener("error", () => { connection.textContent = "Not connected"; });
  stream.addEventListener("main", event => {
    connection.textContent = "Live";
    // What the browser made of the page differs from the text in nothing but spelling.
    const fresh = document.createElement("template");
    fresh.innerHTML = event.data;
    if (fresh.innerHTML.trim() !== view.innerHTML.trim().replaceAll(' open=""', "")) show(event.data);
  });
}

function watch() {
  if (document.hidden) { stream?.close(); stream = null; }
  else if (stream === null) connect();
}

if ("live" in document.body.dataset) {
  document.addEventListener("visibilitychange", watch);
  addEventListener("pagehide", () => { stream?.close(); stream = null; });
  addEventListener("pageshow", watch);
  watch();
}

// A form that is sent twice would decide twice.
for (const form of document.forms) {
  form.addEventListener("submit", event => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
    addEventListener("pageshow", () => delete form.dataset.sent, { once: true });
  });
}
