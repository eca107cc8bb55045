// Elements from data. Data becomes text nodes and attributes, never markup: nothing on this page parses HTML.

export const $ = (id) => document.getElementById(id);

/** `el("p", { class: "note", onclick: act }, "text", child)`. Attributes and children that are null, false or "" are left out. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value) node.setAttribute(name, value);
  }
  node.append(...children.filter(Boolean));
  return node;
}

/** One of the symbols at the end of index.html. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS(svg.namespaceURI, "use"));
  svg.firstChild.setAttribute("href", `#icon-${name}`);
  return svg;
}

export const iconButton = (name, label, onclick) =>
  el("button", { type: "button", class: "icon-button", "aria-label": label, title: label, onclick }, icon(name));

export const linkButton = (label, onclick) => el("button", { type: "button", class: "link", onclick }, label);

/** Initials on a colour that belongs to the id. A person is round, a group is square. */
export function avatar(id, name, { group, present } = {}) {
  let hash = 0x811c9dc5; // FNV-1a, so that neighbouring ids do not get neighbouring colours
  for (const letter of id) hash = Math.imul(hash ^ letter.codePointAt(0), 0x01000193);
  const [first = name, ...others] = name.match(/[\p{L}\p{N}]+/gu) ?? [];
  const initials = [first, ...others.slice(-1)].map((word) => [...word][0] ?? "").join("").toLocaleUpperCase();
  const classes = `avatar hue-${(hash >>> 16) % 10}${group ? " group" : ""}${present ? " present" : ""}`;
  return el("span", { class: classes, "aria-hidden": "true" }, initials);
}

/** Text, with its web addresses made into links, and the names of `people` after an @ made out; `mine` most of all. */
export function linked(text, people = [], mine = "") {
  const pieces = [];
  let end = 0;
  for (const { 0: found, index } of text.matchAll(pattern(text.includes("@") ? people : []))) {
    const isMe = found === `@${mine}`;
    pieces.push(text.slice(end, index), found.startsWith("@") ? el("strong", { class: isMe ? "mention me" : "mention" }, found)
      : el("a", { href: found, target: "_blank", rel: "noopener noreferrer" }, found));
    end = index + found.length;
  }
  return [...pieces, text.slice(end)];
}

/** Addresses, and names: the longest first, since one name may begin with another. */
function pattern(people) {
  const address = String.raw`\bhttps?:\/\/[^\s<>"]+[^\s<>"'.,;:!?()[\]]`;
  const names = people.map(({ username }) => username.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")).sort((a, b) => b.length - a.length);
  return new RegExp(names.length > 0 ? `${address}|(?<![\\p{L}\\p{N}])@(?:${names.join("|")})(?![\\p{L}\\p{N}_])` : address, "gu");
}

/** Makes `parent`'s children these nodes in this order, moving as few as it can. */
export function arrange(parent, nodes) {
  const kept = new Set(nodes);
  for (const child of [...parent.children]) if (!kept.has(child)) child.remove();
  let place = parent.firstElementChild;
  for (const node of nodes) {
    if (node === place) place = place.nextElementSibling;
    else parent.insertBefore(node, place);
  }
}

/** News at the foot of the window, in plain words. */
export function toast(text) {
  const line = el("div", { class: "toast" }, text, iconButton("close", "Dismiss", () => line.remove()));
  append($("toasts"), line, 3);
  setTimeout(() => line.remove(), 8000);
}

/** Says it to a screen reader and to nobody else. */
export const announce = (text) => append($("announcements"), el("p", {}, text), 6);

function append(parent, node, most) {
  while (parent.children.length >= most) parent.firstElementChild.remove();
  parent.append(node);
}
