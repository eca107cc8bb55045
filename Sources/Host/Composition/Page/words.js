// What the page says: errors as sentences, times as people write them, names of conversations.

const sentences = {
  network: "No answer from the server. Check your connection.",
  message_too_large: "That message is too long. Try sending it in parts.",
  unknown_conversation: "This conversation does not exist.",
  unknown_message: "That message was deleted.",
  not_a_member: "You are not in this conversation any more.",
  forbidden: "You are not allowed to do that.",
  token_invalid: "Please sign in again.",
  token_expired: "You were signed out after a while. Please sign in again.",
  rate_limited: "That was too quick. Try again in a moment.",
  overloaded: "The server is very busy. Try again in a moment.",
  internal: "Something went wrong on the server.",
};

/** A sentence for a ChatError; what only the server can know stays in its words. */
export const explain = ({ code, message }) => sentences[code] ?? message ?? "Something went wrong.";

export function explainSignIn(error, isNew) {
  if (isNew && error.status === 409) return "That name is taken. Try another.";
  if (isNew && [403, 404, 405].includes(error.status)) return "This server does not take new accounts.";
  if (!isNew && error.status === 401) return "That name and password do not match.";
  return explain(error);
}

const format = (options) => new Intl.DateTimeFormat(undefined, options);
const clock = format({ hour: "numeric", minute: "2-digit" });
const weekday = format({ weekday: "short" });
const shortDate = format({ day: "numeric", month: "short" });
const longDate = format({ weekday: "long", day: "numeric", month: "long" });
const fullDate = format({ day: "numeric", month: "long", year: "numeric" });

const startOfDay = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate());
const isThisYear = (date) => date.getFullYear() === new Date().getFullYear();

/** 0 today, 1 yesterday. Rounded, because a day may have 23 or 25 hours. */
const daysAgo = (date) => Math.round((startOfDay(new Date()) - startOfDay(date)) / 86_400_000);

export const timeOf = (at) => clock.format(new Date(at));
export const dateOf = (at) => fullDate.format(new Date(at));
export const dayKey = (at) => startOfDay(new Date(at)).getTime();

export function dayOf(at) {
  const date = new Date(at);
  return ["Today", "Yesterday"][daysAgo(date)] ?? (isThisYear(date) ? longDate : fullDate).format(date);
}

/** As short as it can be, for a list. */
export function whenOf(at) {
  const date = new Date(at), days = daysAgo(date);
  return (days < 1 ? clock : days < 7 ? weekday : isThisYear(date) ? shortDate : fullDate).format(date);
}

/** "Ada", "Ada and Ben", "Ada, Ben and Cy". */
export const listed = (names) => new Intl.ListFormat("en-GB").format(names);

/** Who one speaks with: the one other in a conversation that is not a group, or null. */
export function otherIn({ is_group, participants }, me) {
  const others = participants.filter(({ id }) => id !== me.id);
  return !is_group && others.length === 1 ? others[0] : null;
}

/** A pair is called by the other's name, whatever it was named when it was made. */
export const titleOf = (conversation, me) => otherIn(conversation, me)?.username ?? (conversation.name || "Conversation");

export function previewOf({ last_message: last, is_group }, me) {
  if (!last) return "No messages yet";
  if (last.is_deleted) return "Message deleted";
  return (last.sender_id === me.id ? "You: " : is_group ? `${last.sender_username}: ` : "") + last.content;
}

/** The beginning of a message, on one line. */
export const excerpt = ({ content, is_deleted }) => (is_deleted ? "Message deleted" : content.replace(/\s+/g, " ").slice(0, 140));

export const typingLine = (names) => names.length > 0 && `${listed(names)} ${names.length > 1 ? "are" : "is"} typing`;
