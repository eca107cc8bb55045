// The page: who is signed in (door.js), how the conversations stand (book.js), what the list says (list.js, search.js), which
// conversation is open (room.js). To write another client, begin with chat-client.js.

import { ChatClient } from "./chat-client.js";
import { $, avatar, icon, linkButton, toast } from "./dom.js";
import { explain, titleOf } from "./words.js";
import { Book } from "./book.js";
import { Door } from "./door.js";
import { ConversationList } from "./list.js";
import { Room } from "./room.js";
import { Search } from "./search.js";
import { confirm, prepareDialogs, startConversation } from "./dialogs.js";

const tokenKey = "chat.token";

const chat = new ChatClient({ storage: sessionStorage });
const book = new Book(chat, showSoon);
const search = new Search(chat, book);
let room = null;
let lastName = "";

for (const node of document.querySelectorAll("[data-icon]")) {
  node.prepend(icon(node.dataset.icon));
  node.title = node.getAttribute("aria-label");
  if (!node.form) node.type = "button";
}
prepareDialogs();
const list = new ConversationList({ more, start });
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
  chat.start();
  chat.info().then((info) => search.offer(info.store.search === true), () => search.offer(false));
  follow();
}

function leave(name) {
  sessionStorage.removeItem(tokenKey);
  localStorage.removeItem(tokenKey);
  closeRoom();
  chat.signOut();
  book.clear();
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

// What happens

chat.addEventListener("snapshot", () => { if (room) room.reset(); else follow(); });
for (const type of ["message", "sent", "edited", "deleted", "reaction", "member", "conversation", "read", "gap", "typing"]) {
  chat.addEventListener(type, ({ detail }) => { if (detail.conversation_id === room?.id) room.take(type, detail); });
}
chat.addEventListener("pending", ({ detail }) => { if (detail.conversation_id === room?.id) room.look(); });
chat.addEventListener("state", () => showConnection());
chat.addEventListener("error", ({ detail }) => toast(explain(detail)));

// The list

let isDrawing = false;

/** Once a frame, however much happened. */
function showSoon() {
  if (isDrawing) return;
  isDrawing = true;
  const draw = () => { isDrawing = false; showList(); room?.look(); };
  if (document.hidden) setTimeout(draw); else requestAnimationFrame(draw);
}

function showList() {
  if (!chat.user) return;
  const unread = (counted) => book.all().reduce((sum, each) => sum + (counted(each) ? each.unread_count : 0), 0);
  const open = book.get(room?.id), all = unread(() => true);
  list.show(book, { me: chat.user, openId: room?.id });
  document.title = `${all > 0 ? `(${all}) ` : ""}${open ? `${titleOf(open, chat.user)} – ` : ""}Chat`;
  $("room-back-count").textContent = unread(({ id }) => id !== room?.id) || "";
}

async function more() {
  try {
    await book.more();
  } catch (error) {
    toast(explain(error));
  }
}

async function start() {
  const conversation = await startConversation(chat);
  if (!conversation) return;
  book.add(conversation);
  location.hash = `#/c/${encodeURIComponent(conversation.id)}`;
}

$("new-conversation").onclick = start;

// Which conversation is open: `#/c/{id}`, and which message is looked for: `#/c/{id}/{message id}`

let cameFromList = false;

function follow() {
  if (!chat.user) return;
  const [id, messageId] = placeIn(location.hash);
  if (!room || id !== room.id) {
    closeRoom();
    $("app").dataset.pane = id ? "room" : "list";
    $("room-empty").hidden = id !== null;
    $("room-open").hidden = id === null || !book.isLoaded;
    if (id && book.isLoaded) room = new Room(chat, book, id, showConnection);
  }
  if (messageId) room?.jump(messageId);
  showList();
  showConnection();
}

/** A link that cannot be read leads to the list. */
function placeIn(hash) {
  if (!hash.startsWith("#/c/")) return [null];
  try {
    const [id, messageId] = hash.slice(4).split("/").map(decodeURIComponent);
    return [id || null, messageId];
  } catch {
    return [null];
  }
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

// The connection and the window

let slow;

function showConnection() {
  const { state } = chat, words = { live: "Connected", offline: "Offline", stopped: "Not connected" };
  $("me-state").textContent = words[state] ?? "Connecting…";
  $("me-state").dataset.state = state;
  clearTimeout(slow);
  if (room?.refusal) banner("stopped", explain(room.refusal));
  else if (state === "offline") banner(state, "You are offline. What you write is sent when you are back.");
  else if (state === "waiting") banner(state, "Connection lost. Reconnecting…", linkButton("Try now", () => chat.wake()));
  else if (state === "stopped" && chat.reason) banner(state, explain(chat.reason), linkButton("Reload", () => location.reload()));
  else if (state === "connecting" && !$("connection").firstChild) slow = setTimeout(() => banner(state, "Connecting…"), 1000);
  else if (state === "live") banner(state, "");
}

function banner(state, words, button = "") {
  const line = document.createElement("p");
  line.append(words, button);
  $("connection").dataset.state = state;
  $("connection").replaceChildren(words ? line : "");
}

function look() {
  showSoon(); // times are relative
  if (!document.hidden) room?.seen();
}

onfocus = look;
document.addEventListener("visibilitychange", look);
boot();
