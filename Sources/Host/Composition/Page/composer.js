// Where one writes: Enter sends, Shift+Enter starts a new line, ArrowUp in an empty box edits, Escape lets go.

import { $ } from "./dom.js";

const grows = CSS.supports("field-sizing", "content");

export class Composer {
  #text = $("composer-text");
  #editing = null; // the message being edited
  #draft = ""; // what was in the box before
  #saving = false;
  #on;

  /** `on`: send(text) · save(message, text), a promise of whether it was · typing() · editLast() */
  constructor(on, draft = "") {
    this.#on = on;
    this.#text.onkeydown = (event) => this.#key(event);
    this.#text.oninput = () => {
      this.#fit();
      if (!this.#editing && this.#text.value.trim()) on.typing();
    };
    $("composer").onsubmit = (event) => { event.preventDefault(); this.#submit(); };
    $("editing-cancel").onclick = () => this.cancel();
    // The button must not take the focus, or a phone puts its keyboard away after each message.
    $("composer-send").onpointerdown = (event) => { if (document.activeElement === this.#text) event.preventDefault(); };
    this.#show(null, draft);
  }

  get draft() { return this.#editing ? this.#draft : this.#text.value; }

  focus() { this.#text.focus({ preventScroll: true }); }

  edit(message) {
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
    else if (key === "ArrowUp" && !this.#text.value) this.#on.editLast();
    else return;
    event.preventDefault();
  }

  async #submit() {
    const text = this.#text.value.trim(), message = this.#editing;
    if (!text || this.#saving) return;
    if (!message) {
      this.#show(null, "");
      this.focus();
      return this.#on.send(text);
    }
    this.#saving = true;
    const saved = text === message.content || await this.#on.save(message, text);
    this.#saving = false;
    if (saved && this.#editing === message) this.cancel();
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
