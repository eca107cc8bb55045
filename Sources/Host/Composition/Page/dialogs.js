// The dialogs: start a conversation, who is in it, how to react, are you sure.

import { $, avatar, el, icon, iconButton } from "./dom.js";
import { explain, listed } from "./words.js";

/** Once: how they close, besides Escape. */
export function prepareDialogs() {
  for (const header of document.querySelectorAll("dialog header")) {
    header.append(iconButton("close", "Close", () => header.closest("dialog").close()));
  }
}

/** True when the answer is yes. */
export function confirm(title, text, yes) {
  const dialog = $("confirm");
  Object.entries({ title, text, yes }).forEach(([part, words]) => { $(`confirm-${part}`).textContent = words; });
  dialog.returnValue = "";
  dialog.showModal();
  $("confirm-yes").onclick = () => dialog.close("yes");
  $("confirm-no").onclick = () => dialog.close();
  return new Promise((resolve) => { dialog.onclose = () => resolve(dialog.returnValue === "yes"); });
}

const roles = { owner: "Owner", admin: "Admin", reader: "Reads only" };

export function showPeople({ participants }, me, present) {
  const people = [...participants].sort((a, b) => present.has(b.id) - present.has(a.id) || a.username.localeCompare(b.username));
  $("people-list").replaceChildren(...people.map(({ id, username, role }) => el("li", {},
    avatar(id, username, { present: present.has(id) }),
    el("span", { class: "who" }, el("strong", {}, username, id === me.id && " (you)"), el("small", {}, present.has(id) ? "Online" : "Offline")),
    el("small", {}, roles[role]))));
  if (!$("people").open) $("people").showModal();
}

const reactions = { "👍": "Thumbs up", "❤️": "Heart", "😂": "Laughing", "🎉": "Party", "😮": "Surprise", "😢": "Sad" };

/** A row of reactions above a button; Escape or a click elsewhere lets go. */
export function pickReaction(button, pick) {
  const picker = $("reactions"), place = button.getBoundingClientRect();
  picker.replaceChildren(...Object.entries(reactions).map(([key, name]) => el("button", {
    type: "button", title: name, "aria-label": name, onclick: () => { picker.hidePopover(); pick(key); },
  }, key)));
  picker.showPopover({ source: button });
  const { width, height } = picker.getBoundingClientRect();
  picker.style.left = `${Math.max(8, Math.min(place.left + place.width / 2 - width / 2, innerWidth - width - 8))}px`;
  picker.style.top = `${place.top > height + 16 ? place.top - height - 6 : place.bottom + 6}px`;
  picker.firstChild.focus();
}

/** The conversation that was started, or null. */
export function startConversation(chat) {
  const dialog = $("start"), field = $("start-name"), chosen = new Map();
  let found = [], current = -1, made = null, timer, busy = false;

  function showChosen() {
    const people = [...chosen.values()];
    $("start-chosen").replaceChildren(...people.map(({ id, username }) => el("li", {}, username,
      el("button", { type: "button", "aria-label": `Remove ${username}`, onclick: () => drop(id) }, icon("close")))));
    $("start-submit").disabled = people.length === 0;
    $("start-group").hidden = people.length < 2;
    $("start-group-name").placeholder = listed(people.map(({ username }) => username));
    field.placeholder = people.length > 0 ? "Add somebody else" : "Begin to type a name";
    field.focus();
  }

  function showFound(users = [], note = "", at = 0) {
    found = users;
    current = users.length > 0 ? at : -1;
    $("start-found").replaceChildren(...users.map((user, index) => el("li", {
      id: `found-${index}`, role: "option", "aria-selected": String(index === current), onclick: () => choose(user),
    }, avatar(user.id, user.username), user.username)));
    field.setAttribute("aria-expanded", users.length > 0);
    field.setAttribute("aria-activedescendant", users.length > 0 ? `found-${current}` : "");
    $(`found-${current}`)?.scrollIntoView({ block: "nearest" });
    $("start-note").textContent = note;
  }

  function choose(user) {
    chosen.set(user.id, user);
    field.value = "";
    showFound();
    showChosen();
  }

  function drop(id) {
    chosen.delete(id);
    showChosen();
  }

  async function find() {
    const prefix = field.value.trim();
    if (!prefix) return showFound();
    let users = [], note = `Nobody else here has a name that begins with “${prefix}”.`;
    try {
      users = (await chat.findUsers(prefix)).filter(({ id }) => id !== chat.user.id && !chosen.has(id));
    } catch (error) {
      note = explain(error);
    }
    if (prefix === field.value.trim()) showFound(users, users.length > 0 ? "" : note);
  }

  async function submit() {
    if (busy || chosen.size === 0) return;
    const names = listed([...chosen.values()].map(({ username }) => username)), isGroup = chosen.size > 1;
    const name = isGroup ? $("start-group-name").value.trim() || names : `${chat.user.username} and ${names}`;
    busy = true;
    try {
      made = await chat.create({ name, isGroup, participantIds: [...chosen.keys()] });
      dialog.close();
    } catch (error) {
      $("start-error").textContent = explain(error);
    }
    busy = false;
  }

  field.oninput = () => { clearTimeout(timer); timer = setTimeout(find, 150); };
  field.onkeydown = (event) => {
    const { key } = event, step = { ArrowDown: 1, ArrowUp: -1 }[key];
    if (event.isComposing) return;
    if (step && current >= 0) showFound(found, "", (current + step + found.length) % found.length);
    else if (key === "Enter" && field.value.trim()) { if (current >= 0) choose(found[current]); } // or it is still looked up
    else if (key === "Escape" && current >= 0) showFound();
    else if (key === "Backspace" && !field.value && chosen.size > 0) drop([...chosen.keys()].at(-1));
    else return;
    event.preventDefault();
  };
  dialog.querySelector("form").onsubmit = (event) => { event.preventDefault(); submit(); };

  field.value = $("start-group-name").value = $("start-error").textContent = "";
  dialog.showModal();
  showChosen();
  showFound();
  return new Promise((resolve) => { dialog.onclose = () => { clearTimeout(timer); resolve(made); }; });
}
