// Where one writes: Enter sends, Shift+Enter starts a new line, ArrowUp in an empty box edits, Escape lets go.

import { $ } from "./dom.js";
import { excerpt } from "./words.js";

const idle = 4_000; // ms after which somebody who wrote something is not writing any more
const grows = CSS.supports("field-sizing", "content");

export class Composer {
  #text = $("composer-text");
  #editing = null; // the message being edited
  #answered = null; // the message being answered
  #draft = ""; // what was in the box before
  #saving = false;
  #pause;
  #on;

  /** `on`: send(text, message it answers) · save(message, text), a promise of whether it was · typing(on) · editLast() */
  constructor(on, draft = "") {
    this.#on = on;
    this.#text.onkeydown = (event) => this.#key(event);
    this.#text.oninput = () => {
      this.#fit();
      this.#typing(!this.#editing && this.#text.value.trim() !== "");
    };
    $("composer").onsubmit = (event) => { event.preventDefault(); this.#submit(); };
    $("editing-cancel").onclick = () => this.cancel();
    $("answered-cancel").onclick = () => { this.answer(null); this.focus(); };
    // The button must not take the focus, or a phone puts its keyboard away after each message.
    $("composer-send").onpointerdown = (event) => { if (document.activeElement === this.#text) event.preventDefault(); };
    this.answer(null);
    this.#show(null, draft);
  }

  get draft() { return this.#editing ? this.#draft : this.#text.value; }

  focus() { this.#text.focus({ preventScroll: true }); }

  close() { this.#typing(false); }

  /** What is written answers this message; null for none. */
  answer(message) {
    this.#answered = message;
    $("answered").hidden = !message;
    if (!message) return;
    if (this.#editing) this.cancel();
    $("answered-name").textContent = message.sender_username;
    $("answered-text").textContent = excerpt(message);
    this.focus();
  }

  edit(message) {
    this.answer(null);
    if (!this.#editing) this.#draft = this.#text.value;
    this.#show(message, message.content);
    this.focus();
    this.#text.setSelectionRange(message.content.length, message.content.length);
  }

  cancel() {
    this.#show(null, this.#draft);
    this.focus();
  }

  #key(event) {
    const { key } = event;
    if (event.isComposing || event.keyCode === 229) return; // an input method is at work
    if (key === "Enter" && !event.shiftKey && !event.altKey) this.#submit();
    else if (key === "Escape" && this.#editing) this.cancel();
    else if (key === "Escape" && this.#answered) this.answer(null);
    else if (key === "ArrowUp" && !this.#text.value) this.#on.editLast();
    else return;
    event.preventDefault();
  }

  async #submit() {
    const text = this.#text.value.trim(), message = this.#editing;
    if (!text || this.#saving) return;
    if (!message) {
      const answered = this.#answered;
      clearTimeout(this.#pause); // the message itself says that we have done
      this.answer(null);
      this.#show(null, "");
      this.focus();
      return this.#on.send(text, answered);
    }
    this.#saving = true;
    const saved = text === message.content || await this.#on.save(message, text);
    this.#saving = false;
    if (saved && this.#editing === message) this.cancel();
  }

  #typing(on) {
    clearTimeout(this.#pause);
    this.#on.typing(on);
    if (on) this.#pause = setTimeout(() => this.#on.typing(false), idle);
  }

  #show(message, text) {
    this.#editing = message;
    const label = message ? "Save" : "Send", button = $("composer-send");
    $("editing").hidden = !message;
    button.title = label;
    button.setAttribute("aria-label", label);
    button.querySelector("use").setAttribute("href", message ? "#icon-check" : "#icon-send");
    this.#text.value = text;
    this.#fit();
  }

  #fit() {
    $("composer-send").disabled = !this.#text.value.trim();
    if (!grows) this.#text.rows = Math.min(8, this.#text.value.split("\n").length);
  }
}
