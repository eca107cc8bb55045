// How the messages of the open conversation look, and where in them the reader is.
//
// The scroller lays its content out from the foot (`column-reverse`): `scrollTop` is 0 at the newest message, negative
// above it. So the view stays at the foot when it is resized, and stays put when history is added above.

import { $, arrange, avatar, el, iconButton, linkButton, linked } from "./dom.js";
import { dateOf, dayOf, excerpt, explain, listed, timeOf } from "./words.js";
import { pickReaction } from "./dialogs.js";

const nearEnd = 48; // px: still "at the newest"
const nearStart = 600; // px: time to fetch what is above

export class Thread {
  #on;
  #scroller = $("timeline");
  #list = $("rows");
  #top = el("div", { id: "top", role: "status" });
  #rows = new Map(); // key -> { node, row }
  #complete = false;
  #fetching = false;
  #sizes = new ResizeObserver(() => this.#scrolled());

  /**
   * `on`: older(), a promise · moved() · answer(message) · react(message, key, on) · edit(message) · remove(message) ·
   * jump(id) · retry(id) · discard(id) · leave()
   */
  constructor(on) {
    this.#on = on;
    this.#list.replaceChildren();
    this.#scroller.replaceChildren(this.#list, this.#top);
    this.#scroller.scrollTop = 0;
    this.#scroller.onscroll = () => this.#scrolled();
    this.#list.onkeydown = (event) => this.#key(event);
    this.#list.onfocusin = ({ target }) => this.#rove(target.closest(".message"));
    this.#sizes.observe(this.#scroller);
    this.say("Loading…");
  }

  get #messages() { return [...this.#list.querySelectorAll(".message")]; }
  get atEnd() { return this.#scroller.scrollTop > -nearEnd; }

  close() {
    this.#scroller.onscroll = null;
    this.#sizes.disconnect();
  }

  /** A line above the messages. */
  say(...words) { this.#top.replaceChildren(...words); }

  /** After the first page: at the unread line if there is one, else at the end. */
  start() {
    const line = this.#rows.get("unread")?.node, frame = this.#scroller.getBoundingClientRect();
    this.#scroller.scrollTop = 0;
    if (line) this.#scroller.scrollTop = Math.min(0, line.getBoundingClientRect().top - frame.top - frame.height / 5);
    this.#scrolled();
  }

  toEnd() { this.#scroller.scrollTop = 0; }

  /** Brings a message into the middle and points it out; false if it is not held. */
  reveal(id) {
    const { node } = [...this.#rows.values()].find(({ row }) => row.message?.id === id) ?? {};
    if (!node) return false;
    node.scrollIntoView({ block: "center" });
    node.focus({ preventScroll: true });
    node.classList.remove("found");
    node.offsetWidth; // so that the animation begins anew
    node.classList.add("found");
    return true;
  }

  show(rows, { animate, complete, isPair, moderates, title, begun, hidden, me, people }) {
    const anchor = this.atEnd ? null : this.#anchor(), top = anchor?.getBoundingClientRect().top;
    const old = this.#rows, isFirst = old.size === 0;
    this.#complete = complete;
    this.#rows = new Map();
    this.#list.classList.toggle("crowd", !isPair);
    if (!this.#fetching) this.say();
    for (const each of rows) {
      const row = { ...each, isPair, title, begun, hidden, me, people, canDelete: each.kind === "message" && !each.message.is_deleted && (each.mine || moderates) };
      if (row.kind === "day") row.words = dayOf(row.at);
      const was = old.get(row.key), node = was?.node ?? el("li");
      if (!was || !alike(was.row, row)) redraw(node, row, this.#on);
      if (!was && !isFirst && animate) node.classList.add("new");
      this.#rows.set(row.key, { node, row });
    }
    arrange(this.#list, [...this.#rows.values()].map(({ node }) => node));
    if (!this.#list.contains(document.activeElement)) this.#rove(this.#messages.at(-1));
    if (anchor?.isConnected) this.#scroller.scrollTop += anchor.getBoundingClientRect().top - top;
  }

  /** The first message in view. Not a line between: those move when history comes above them. */
  #anchor() {
    const { top } = this.#scroller.getBoundingClientRect();
    return this.#messages.find((node) => node.getBoundingClientRect().bottom > top);
  }

  async #scrolled() {
    this.#on.moved();
    const { scrollHeight, clientHeight, scrollTop } = this.#scroller;
    if (this.#fetching || this.#complete || this.#rows.size === 0 || scrollHeight - clientHeight + scrollTop > nearStart) return;
    this.#fetching = true;
    this.say("Loading earlier messages…");
    try {
      await this.#on.older();
      this.#fetching = false;
      this.say();
      requestAnimationFrame(() => this.#scrolled()); // a page may be shorter than the window
    } catch {
      this.say("Earlier messages could not be loaded. ", linkButton("Try again", () => { this.#fetching = false; this.#scrolled(); }));
    }
  }

  // The keyboard: the list is one stop of Tab; the arrows go from message to message, Tab to the buttons of one.

  #rove(node) {
    for (const old of this.#list.querySelectorAll("[tabindex='0']")) old.setAttribute("tabindex", -1);
    node?.setAttribute("tabindex", 0);
  }

  #key(event) {
    const all = this.#messages, here = all.indexOf(event.target.closest(".message"));
    const to = { ArrowUp: here - 1, ArrowDown: here + 1, Home: 0, End: all.length - 1, Escape: all.length }[event.key];
    if (to === undefined || here < 0) return;
    event.preventDefault();
    if (to < all.length) all[Math.max(0, to)].focus(); else this.#on.leave();
  }
}

const alike = (a, b) => Object.keys({ ...a, ...b }).every((name) => a[name] === b[name] || (name === "message" && a.kind === "pending"));

const time = (at) => el("time", { datetime: at }, timeOf(at));

const whyHidden = { retention: "Earlier messages are not kept.", membership: "What was said before you came is not shown." };

/** The keyboard stays on the button it was on, or at least on its row. */
function redraw(node, row, on) {
  const held = node.contains(document.activeElement) && document.activeElement !== node ? handle(document.activeElement) : null;
  draw[row.kind](node, row, on);
  if (held) ([...node.querySelectorAll("button, a")].find((each) => handle(each) === held) ?? node).focus({ preventScroll: true });
}

/** What a button of a row is known by, whatever it says at the moment. */
const handle = (control) => control.name || control.getAttribute("aria-label") || control.textContent;

const draw = {
  start(node, { title, isPair, begun, hidden }) {
    node.className = "start";
    node.replaceChildren(el("h3", { dir: "auto" }, title),
      el("p", {}, `${isPair ? `You and ${title} began${hidden ? "" : " here"}` : "This conversation began"} on ${dateOf(begun)}.`),
      ...(hidden ? [el("p", {}, whyHidden[hidden] ?? "Earlier messages are not shown.")] : []));
  },

  day(node, { words, at }) {
    node.className = "day";
    node.replaceChildren(el("time", { datetime: at }, words));
  },

  unread(node) {
    node.className = "unread";
    node.replaceChildren("New");
  },

  message(node, row, on) {
    const { message, mine, first, last, isPair, canDelete, state, error, clientId, quote, me, people, kind } = row;
    const { created_at: at, is_deleted: deleted, sender_username: name } = message;
    const failed = state === "failed", waiting = state && !failed, named = first && !mine && !isPair, stands = kind === "message" && !deleted;
    const seen = readers(row), classes = { message: true, mine, theirs: !mine, first, last, deleted, failed, waiting, new: node.classList.contains("new") };
    node.className = Object.keys(classes).filter((each) => classes[each]).join(" ");
    if (!node.hasAttribute("tabindex")) node.tabIndex = -1;
    const parts = [
      named && avatar(message.sender_id, name),
      el("span", { class: named ? "name" : "unseen", dir: "auto" }, mine ? "You" : name),
      el("div", { class: "line" },
        el("div", { class: "bubble" },
          message.reply_to && !deleted && quotation(quote, () => on.jump(message.reply_to)),
          el("p", { dir: "auto" }, ...(deleted ? ["Message deleted"] : linked(message.content, people, me.username))),
          message.is_edited && !deleted && el("small", {}, "edited")),
        el("div", { class: "tools" },
          !last && time(at),
          stands && iconButton("react", "React", ({ currentTarget }) => pickReaction(currentTarget, (key) => on.react(message, key, true))),
          stands && iconButton("reply", "Reply", () => on.answer(message)),
          mine && canDelete && iconButton("edit", "Edit", () => on.edit(message)),
          canDelete && iconButton("delete", "Delete", () => on.remove(message)))),
      stands && message.reactions.length > 0 && el("ul", { class: "reactions", "aria-label": "Reactions" },
        ...message.reactions.map((reaction) => el("li", {}, chip(reaction, row, on)))),
      failed && el("p", { class: "foot" }, `Not sent. ${explain(error)} `,
        linkButton("Try again", () => on.retry(clientId)), linkButton("Discard", () => on.discard(clientId))),
      (last || seen) && !failed && el("p", { class: "foot" },
        waiting ? el("span", {}, state === "sending" ? "Sending…" : "Waiting to be sent") : last && time(at),
        seen && el("span", { class: "seen" }, seen)),
    ];
    node.replaceChildren(...parts.filter(Boolean));
  },
};

const nameOf = (id, { people, me }) => (id === me.id ? "you" : people.find((each) => each.id === id)?.username ?? "somebody");

/** Who has seen a message of mine, and nothing of mine after it. */
function readers(row) {
  const names = row.readers ? row.readers.split(",").filter((id) => row.people.some((each) => each.id === id)).map((id) => nameOf(id, row)) : [];
  if (names.length === 0) return "";
  return row.isPair ? "Read" : `Read by ${names.length > 4 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} others` : listed(names)}`;
}

/** What a message answers; null while it is asked for, or when it cannot be seen. */
const quotation = (quote, jump) => el("button", { type: "button", name: "quote", class: "quote", onclick: jump },
  el("span", { class: "unseen" }, "In answer to "),
  el("strong", { dir: "auto" }, quote?.sender_username ?? "An earlier message"),
  el("span", { dir: "auto" }, quote ? excerpt(quote) : ""));

function chip({ key, count, user_ids }, row, on) {
  const isMine = user_ids.includes(row.me.id), names = listed(user_ids.map((id) => nameOf(id, row)));
  return el("button", {
    type: "button", name: `chip ${key}`, class: "chip", "aria-pressed": String(isMine), title: names, "aria-label": `${key}, ${count}: ${names}`,
    onclick: () => on.react(row.message, key, !isMine),
  }, el("span", {}, key), String(count));
}

draw.pending = draw.message;
