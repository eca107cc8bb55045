"""JSON in frames that is none, or is not what it seems (RFC 8259): each is answered by one error on a socket that stays, or
read as it should be."""

import functools
import json

from rig import http
from rig.runner import CASES, case
from support.checks import equal, holds, parse

HEAD = '{"type":"message","content":"x"'


async def answered(t, text, code):
    ann = await t.person("ann")
    line = await ann.enter(await ann.room())
    await line.send(text)
    if code is None:
        equal((await line.next("message", patience=5))["content"], "x", "content")
    else:
        error = await line.next("error", patience=5)
        http.SAID.add(json.dumps(error))
        equal(error["code"], code, f"code for {text[:200]!r}")
    await line.fence()


def row(title, text, code=None):
    CASES.append((title, False, functools.partial(answered, text=text, code=code), "json_frames"))


def nested(levels, open="[", close="]", inner="1"):
    """A field of so many levels beside the frame's own object."""
    return HEAD + ',"n":' + open * levels + inner + close * levels + "}"


row("63 lists in the frame's object: 64 levels", nested(63))
row("64 lists in the frame's object", nested(64), "bad_json")
row("63 objects in the frame's object", nested(63, '{"a":', "}"))
row("64 objects in the frame's object", nested(64, '{"a":', "}"), "bad_json")
row("100,000 lists that open", "[" * 100_000, "bad_json")
row("100,000 objects that open", '{"a":' * 100_000, "bad_json")
row("100,000 lists in a field", nested(100_000), "bad_json")
row("300,000 empty lists beside one another", HEAD + ',"n":[' + ",".join(["[]"] * 300_000) + "]}")
for number in ("1e999", "-1e999", "1e-999", "-0", "-0.0", "0", "1" * 10_000, "0." + "1" * 10_000, "9223372036854775807",
               "9223372036854775808", "-9223372036854775809", "18446744073709551616", "1e" + "9" * 400, "1E+2", "1.5e-7"):
    row(f"the number {number[:30]} in a field nobody reads", HEAD + f',"n":{number}}}')
for number in ("01", "+1", "1.", ".1", "1e", "1e+", "0x1", "1_0", "NaN", "Infinity", "-Infinity", "-", "--1", "1-1", "１", "1,0"):
    row(f"the number {number}, which is none", HEAD + f',"n":{number}}}', "bad_json")
for number in ("1e999", "-1", "1.5", "9223372036854775808", "-9223372036854775808", "1e400", "\"5\"", "[5]", "true", "{}"):
    row(f"seq of a read mark as {number}", f'{{"type":"read","id":1,"seq":{number}}}', "invalid_field")
for number in ("1e999", "0", "-1", "1.5", "\"1\""):
    row(f"limit of a history as {number}", f'{{"type":"history","id":1,"limit":{number}}}', "invalid_field")
row("a key twice", HEAD + ',"content":"y"}', "bad_json")
row("a key twice, once escaped", HEAD + ',"\\u0063ontent":"y"}', "bad_json")
row("an unknown key twice", HEAD + ',"a":1,"a":1}', "bad_json")
row("a key twice inside of a field nobody reads", HEAD + ',"n":{"a":1,"a":2}}', "bad_json")
row("the empty key twice", HEAD + ',"":1,"":2}', "bad_json")
row("two keys that look alike are two", HEAD + ',"é":1,"e\u0301":2}')
row("a key of another case is another key", HEAD + ',"Content":"y","TYPE":"typing"}')
row("a key of 500 KiB", HEAD + f',"{"k" * 500_000}":1}}')
row("ten thousand keys", HEAD + "".join(f',"k{number}":{number}' for number in range(10_000)) + "}")
row("the empty key", HEAD + ',"":1}')
row("the key __proto__ and constructor", HEAD + ',"__proto__":{"type":"x"},"constructor":{}}')
for escape in ("\\ud800", "\\udc00", "\\udc00\\ud800", "\\ud800x", "\\ud800\\u0041", "\\ud83d\\ud83d", "\\uD800\\n"):
    row(f"the lone surrogate {escape}", f'{{"type":"message","content":"{escape}"}}', "bad_json")
    row(f"the lone surrogate {escape} in a key", HEAD + f',"{escape}":1}}', "bad_json")
for escape in ("\\x41", "\\u", "\\u12", "\\u12g4", "\\U00000041", "\\'", "\\a", "\\0", "\\", "\\u{41}", "\\u 041"):
    row(f"the escape {escape}, which is none", f'{{"type":"message","content":"{escape}"}}', "bad_json")
for name, byte in ("a NUL", "\0"), ("a line feed", "\n"), ("a tab", "\t"), ("a carriage return", "\r"), ("0x1F", "\x1f"):
    row(f"{name} in a text, not escaped", f'{{"type":"message","content":"a{byte}b"}}', "bad_json")
    row(f"{name} in a key, not escaped", HEAD + f',"a{byte}b":1}}', "bad_json")
row("a NUL behind the frame", HEAD + "}\0", "bad_json")
row("a NUL before the frame", "\0" + HEAD + "}", "bad_json")
row("a byte order mark before the frame", "\ufeff" + HEAD + "}", "bad_json")
row("a blank of Unicode's before the frame", "\u00a0" + HEAD + "}", "bad_json")
row("blanks of JSON's around everything", ' \t\r\n{ "type" : "message" ,\n"content"\t:\r"x" } \n')
row("a form feed for a blank", "\f" + HEAD + "}", "bad_json")
for text in ("{", "}", "{}}", "{]", "[}", '{"type"}', '{"type":}', '{:"x"}', '{,"type":"typing"}', '{"type":"typing",}',
             '{"type":"typing" "on":true}', "{'type':'typing'}", "{type:\"typing\"}", '{"type":"typing"}{"type":"typing"}',
             '{"type":"typing"}//', '/**/{"type":"typing"}', '{"type":"typing"', '{"type":"typing', '{"type":tru}', '{"type":True}',
             '{"type":nul}', '{"type":undefined}', "[1,]", "[,1]", "", " ", "message", "\"", "tru", "-", "\u2028", "<xml/>"):
    row(f"{text!r}, which is no JSON", text, "bad_json")
for text in ("[]", "null", "true", "0", "\"message\"", "[{\"type\":\"message\",\"content\":\"x\"}]"):
    row(f"{text}, which is no object", text, "bad_json")
for field, value in (
    ("type", "5"), ("type", "[]"), ("type", "{}"), ("type", "true"), ("content", "5"), ("content", "[\"x\"]"), ("content", "{}"),
    ("content", "false"), ("client_id", "5"), ("client_id", "\"\""), ("client_id", "\"" + "c" * 65 + "\""), ("client_id", "{}"),
    ("reply_to", "5"), ("reply_to", "\"\""), ("conversation_id", "5"), ("conversation_id", "\"other\""), ("id", "{}"), ("id", "[1]"),
    ("id", "\"" + "i" * 127 + "\""), ("id", "true"),
):
    found = {"type": '"message"', "content": '"x"'} | {field: value}
    row(f"{field} as {value[:20]}", "{" + ",".join(f'"{name}":{text}' for name, text in found.items()) + "}", "invalid_field")
for kind in ("", "MESSAGE", "message\\u0000", "messages", "message ", "toString", "ack", "error", "system", "null", "../message"):
    row(f"the type {kind!r}", f'{{"type":"{kind}","content":"x"}}', "unknown_type")


@case("an id comes back as it was, whatever number or text it is")
async def ids(t):
    ann = await t.person("ann")
    line = await ann.enter(await ann.room())
    for id in ("0", "-0", "1e5", "12345678901234567890123", "1.50", '"a"', '"\\u0041\\n\\"é"', '"' + "i" * 126 + '"', '""', "1E+2"):
        await line.send(f'{{"type":"ping","id":{id}}}')
        await line.fence()
        answer = next(text for text in reversed(line.texts) if text.startswith('{"type":"ack"') and "fence" not in text)
        holds(f'"id":{id}' in answer or json.loads(answer)["id"] == json.loads(id), f"id {id} in {answer}")
        parse(answer)


@case("content of control characters, quotes and markup comes back as it was, over WebSocket and REST")
async def escapes(t):
    ann = await t.person("ann")
    room = await ann.room()
    line = await ann.enter(room)
    contents = ["".join(map(chr, range(1, 128))), "a\0b", "</script><script>alert(1)</script>", "\\\\\"\\u0041", "a\u2028\u2029b", "a\ufeffb",
                "'; DROP TABLE entries; --", "%s%n%x {0} ${x} $(x) `x`", "\x1b[31mred", "é" * 1000, "😀" * 1000]
    for content in contents:
        await line.say(content)
        equal((await line.next("message"))["content"], content, "content over WebSocket")
    equal([message["content"] for message in await ann.messages(room)], contents, "contents over REST")
