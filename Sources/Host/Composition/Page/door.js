// Signing in and signing up: one card, two ways to read it.

import { $ } from "./dom.js";
import { explainSignIn } from "./words.js";

const readings = [
  { title: "Welcome back", lede: "Sign in to your conversations.", submit: "Sign in", ask: "New here?", switch: "Make an account", complete: "current-password" },
  { title: "Make an account", lede: "A name to be found by, and a password.", submit: "Sign up", ask: "Been here before?", switch: "Sign in", complete: "new-password" },
];

export class Door {
  #isNew = false;
  #busy = false;
  #enter;

  /** `enter({ isNew, username, password, stay })` signs in, or throws a ChatError. */
  constructor(enter) {
    this.#enter = enter;
    $("door-switch").onclick = () => { this.#read(!this.#isNew); $("door-name").focus(); };
    $("door-form").onsubmit = (event) => { event.preventDefault(); this.#submit(); };
    $("door-form").oninput = () => this.#complain("");
  }

  show(name = "") {
    this.#read(false);
    $("door-name").value = name;
    $(name ? "door-password" : "door-name").focus();
  }

  #read(isNew) {
    this.#isNew = isNew;
    const words = readings[Number(isNew)];
    for (const part of ["title", "lede", "submit", "ask", "switch"]) $(`door-${part}`).textContent = words[part];
    $("door-password").autocomplete = words.complete;
    this.#complain("");
  }

  async #submit() {
    if (this.#busy) return;
    const isNew = this.#isNew, username = $("door-name").value.trim(), password = $("door-password").value;
    this.#complain("");
    this.#busy = true;
    try {
      await this.#enter({ isNew, username, password, stay: $("door-stay").checked });
      $("door-password").value = "";
    } catch (error) {
      this.#complain(explainSignIn(error, isNew), error.status === 409 ? "door-name" : "door-password");
    }
    this.#busy = false;
  }

  #complain(text, field) {
    $("door-error").textContent = text;
    for (const id of ["door-name", "door-password"]) $(id).setAttribute("aria-invalid", id === field);
    if (field) $(field).focus();
  }
}
