// Finding messages by their words, in the place of the list. It is there when the host can search.

import { $, avatar, el, linkButton } from "./dom.js";
import { excerpt, explain, otherIn, titleOf, whenOf } from "./words.js";

const patience = 250; // ms without a keystroke

export class Search {
  #chat;
  #book;
  #timer;
  #turn = 0; // an answer to what was asked before is passed over

  constructor(chat, book) {
    this.#chat = chat;
    this.#book = book;
    const words = $("search-words");
    words.oninput = () => { clearTimeout(this.#timer); this.#timer = setTimeout(() => this.#find(), words.value.trim() ? patience : 0); };
    words.onkeydown = ({ key }) => {
      if (key === "Escape") this.clear();
      if (key === "ArrowDown") document.querySelector("#search-found a")?.focus();
    };
  }

  /** Shows the box, or takes it away. */
  offer(isThere) {
    $("search").hidden = !isThere;
    this.clear();
  }

  clear() {
    $("search-words").value = "";
    this.#find();
  }

  async #find() {
    const words = $("search-words").value.trim(), turn = ++this.#turn;
    $("search-found").hidden = !words;
    $("conversations").hidden = Boolean(words);
    $("search-found").replaceChildren();
    if (words) await this.#page(words, turn);
  }

  /** A page may be empty and have another after it. */
  async #page(words, turn, next) {
    const say = (...text) => el("p", { class: "note", role: "status" }, ...text);
    let page;
    try {
      page = await this.#chat.search(begun(words), { next });
    } catch (error) {
      if (turn === this.#turn) $("search-found").append(say(explain(error)));
      return;
    }
    if (turn !== this.#turn) return;
    const found = $("search-found"), list = found.querySelector("ul") ?? el("ul", { class: "conversations" });
    list.append(...page.items.map((message) => el("li", {}, this.#link(message))));
    const more = page.next && linkButton("Show more", () => this.#page(words, turn, page.next));
    found.replaceChildren(list.firstChild ? list : say(more ? "Nothing among the newest. " : `Nothing found for “${words}”.`), more || "");
  }

  #link(message) {
    const { user } = this.#chat, { id, conversation_id, sender_id, sender_username, created_at } = message;
    const conversation = this.#book.get(conversation_id), title = conversation ? titleOf(conversation, user) : sender_username;
    const other = conversation && otherIn(conversation, user), name = sender_id === user.id ? "You" : sender_username;
    return el("a", { href: `#/c/${encodeURIComponent(conversation_id)}/${encodeURIComponent(id)}` },
      avatar(other?.id ?? conversation_id, title, { group: !other }),
      el("span", { class: "title", dir: "auto" }, title),
      el("time", { datetime: created_at }, whenOf(created_at)),
      el("span", { class: "preview", dir: "auto" }, `${name}: ${excerpt(message)}`));
  }
}

/** Whoever types may not have come to the end of the last word; the server takes a beginning of three letters. */
const begun = (words) => (!words.includes('"') && /[\p{L}\p{N}]{3}$/u.test(words) ? `${words}*` : words);
