// The list of conversations: what was last said in each, and how much of it is unread.

import { $, arrange, avatar, el, icon, linkButton } from "./dom.js";
import { otherIn, previewOf, titleOf, whenOf } from "./words.js";

export class ConversationList {
  #rows = new Map(); // id -> { node, signature }
  #list = el("ul", { class: "conversations" });
  #more;
  #empty;

  constructor({ more, start }) {
    this.#more = linkButton("Show more", more);
    this.#empty = el("div", { class: "empty" },
      el("h2", {}, "No conversations yet"),
      el("p", {}, "Find somebody by name and say hello."),
      el("button", { type: "button", class: "primary", onclick: start }, icon("new"), "Start one"));
  }

  show(book, { me, openId }) {
    const rows = new Map();
    for (const conversation of book.all()) {
      const words = describe(conversation, me, conversation.id === openId, book.present(conversation.id)), signature = JSON.stringify(words);
      const { node = el("li"), signature: old } = this.#rows.get(conversation.id) ?? {};
      if (old !== signature) draw(node, words);
      rows.set(conversation.id, { node, signature });
    }
    this.#rows = rows;
    arrange(this.#list, [...rows.values()].map(({ node }) => node));
    arrange($("conversations"), rows.size > 0 ? [this.#list, book.hasMore && this.#more].filter(Boolean) : book.isLoaded ? [this.#empty] : []);
  }
}

function describe(conversation, me, isOpen, here) {
  const other = otherIn(conversation, me), at = conversation.last_message?.created_at ?? conversation.created_at;
  return {
    id: conversation.id, isOpen, at, when: whenOf(at), title: titleOf(conversation, me), preview: previewOf(conversation, me),
    avatarId: other?.id ?? conversation.id, group: !other, present: other !== null && here.has(other.id), unread: conversation.unread_count ?? 0,
  };
}

function draw(node, { id, isOpen, at, when, title, preview, avatarId, group, present, unread }) {
  const focused = node.contains(document.activeElement);
  node.replaceChildren(el("a", { href: `#/c/${encodeURIComponent(id)}`, "data-id": id, class: unread > 0 && "has-unread", "aria-current": isOpen && "page" },
    avatar(avatarId, title, { group, present }),
    el("span", { class: "title", dir: "auto" }, title, present && el("span", { class: "unseen" }, " (online)")),
    el("time", { datetime: at }, when),
    el("span", { class: "preview", dir: "auto" }, preview),
    unread > 0 && el("span", { class: "badge" }, unread > 99 ? "99+" : String(unread), el("span", { class: "unseen" }, " unread"))));
  if (focused) node.firstChild.focus();
}
