// The page: who is signed in (door.js), what the list says (list.js), which conversation is open (room.js). To write
// another client, begin with chat-client.js.

import { ChatClient } from "./chat-client.js";
import { $, avatar, icon, toast } from "./dom.js";
import { explain, titleOf } from "./words.js";
import { Door } from "./door.js";
import { ConversationList } from "./list.js";
import { Room } from "./room.js";
import { confirm, prepareDialogs, startConversation } from "./dialogs.js";

const tokenKey = "chat.token";
const refreshEvery = 10_000;

const chat = new ChatClient({ storage: sessionStorage });
const conversations = new Map();
let next = null; // the list's next page
let loaded = false;
let room = null;
let lastName = "";

for (const node of document.querySelectorAll("[data-icon]")) {
  node.prepend(icon(node.dataset.icon));
  node.title = node.getAttribute("aria-label");
  if (!node.form) node.type = "button";
}
prepareDialogs();
const list = new ConversationList({ more: () => refresh(next), start });
const door = new Door(async ({ isNew, stay, ...who }) => {
  if (isNew) await chat.signUp(who);
  await chat.signIn(who);
  (stay ? localStorage : sessionStorage).setItem(tokenKey, chat.token);
  enter();
});

// In and out

async function boot() {
  const token = sessionStorage.getItem(tokenKey) ?? localStorage.getItem(tokenKey);
  if (!token) return leave();
  try {
    await chat.resume(token);
    enter();
  } catch (error) {
    if (error.status === 401) return; // `signedout` has seen to it
    toast(explain(error));
    setTimeout(boot, 5000);
  }
}

function enter() {
  lastName = chat.user.username;
  show("app");
  $("me-avatar").replaceChildren(avatar(chat.user.id, lastName));
  $("me-name").textContent = lastName;
  chat.deliverPending();
  refresh();
  follow();
}

function leave(name) {
  sessionStorage.removeItem(tokenKey);
  localStorage.removeItem(tokenKey);
  closeRoom();
  chat.signOut();
  conversations.clear();
  loaded = false;
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  show("door");
  document.title = "Chat";
  door.show(name);
}

function show(screen) {
  document.body.dataset.screen = screen;
  $("door").hidden = screen !== "door";
  $("app").hidden = screen !== "app";
}

chat.addEventListener("signedout", ({ detail }) => {
  if (document.body.dataset.screen === "app") toast(explain(detail));
  leave(lastName);
});

$("sign-out").onclick = async () => {
  if (!await confirm("Sign out?", "What is not sent yet goes out when you sign in here again.", "Sign out")) return;
  location.hash = "#/";
  leave();
};

// The list

async function refresh(page) {
  const { user } = chat;
  if (!user || !navigator.onLine) return;
  try {
    const answer = await chat.conversations({ next: page });
    if (chat.user !== user) return;
    if (page || !loaded) next = answer.next;
    loaded = true;
    if (!page && !answer.next) conversations.clear(); // this is all there is: what is missing is gone
    for (const each of answer.items) conversations.set(each.id, room?.id === each.id ? room.update(each) : each);
    showList();
  } catch (error) {
    if (error.status !== 401 && error.code !== "network") toast(explain(error)); // the one has shown itself, the other will
  }
}

const activity = ({ last_message, updated_at = "", created_at }) => [last_message?.created_at ?? created_at, updated_at].sort().at(-1);

function showList() {
  if (!chat.user) return;
  const sorted = [...conversations.values()].sort((a, b) => (activity(a) < activity(b) ? 1 : -1));
  const unread = (counted) => sorted.reduce((sum, each) => sum + (counted(each) ? each.unread_count ?? 0 : 0), 0);
  const open = conversations.get(room?.id), all = unread(() => true);
  list.show(sorted, { me: chat.user, openId: room?.id, loaded, more: next });
  document.title = `${all > 0 ? `(${all}) ` : ""}${open ? `${titleOf(open, chat.user)} – ` : ""}Chat`;
  $("room-back-count").textContent = unread(({ id }) => id !== room?.id) || "";
}

function changed(conversation) {
  conversations.set(conversation.id, conversation);
  showList();
}

async function start() {
  const conversation = await startConversation(chat);
  if (!conversation) return;
  changed(conversation);
  location.hash = `#/c/${encodeURIComponent(conversation.id)}`;
}

$("new-conversation").onclick = start;

// Which conversation is open: `#/c/{id}`

let cameFromList = false;

function follow() {
  if (!chat.user) return;
  const id = location.hash.startsWith("#/c/") ? decodeURIComponent(location.hash.slice(4)) : null;
  if (!room || id !== room.id) {
    closeRoom();
    $("app").dataset.pane = id ? "room" : "list";
    $("room-empty").hidden = id !== null;
    $("room-open").hidden = id === null;
    if (id) room = new Room(chat, id, conversations.get(id), { changed, connection: showConnection });
  }
  showList();
  showConnection();
}

function closeRoom() {
  room?.close();
  room = null;
}

onhashchange = ({ oldURL }) => {
  cameFromList = !new URL(oldURL).hash.startsWith("#/c/");
  follow();
};

$("room-back").onclick = (event) => {
  if (!cameFromList) return;
  event.preventDefault();
  history.back();
};

for (const skip of document.querySelectorAll(".skip")) {
  skip.onclick = (event) => {
    event.preventDefault();
    $(skip.hash.slice(1)).focus();
  };
}

// The network and the window

function showConnection() {
  const state = navigator.onLine ? room?.state ?? "live" : "offline";
  $("me-state").textContent = { live: "Connected", offline: "Offline", stopped: "Not connected" }[state] ?? "Connecting…";
  $("me-state").dataset.state = state;
}

function look() {
  chat.wake();
  showConnection();
  if (document.hidden) return;
  refresh();
  room?.seen();
}

ononline = onoffline = onfocus = look;
document.onvisibilitychange = look;
setInterval(() => { if (!document.hidden) refresh(); }, refreshEvery);
boot();
