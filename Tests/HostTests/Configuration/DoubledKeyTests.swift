import Testing

@Suite("A config that says something twice")
struct DoubledKeyTests {
    @Test("is told where, in which lines, and what else is wrong")
    func everywhere() {
        let text = """
            { "store": { "type": "memory" },
              "limits": { "connections": 5,
                          "connections": 6, "messageBytes": -1 },
              "transports": [ { "type": "rest" },
                              { "type": "websocket", "pingSeconds": 5, "pingSeconds": 6 } ],
              "store": { "type": "memory" } }
            """
        let found = problems(text)
        #expect(
            found.prefix(3) == [
                "limits.connections: is there twice, in line 2 and in line 3",
                "transports[1].pingSeconds: is there twice, in line 5 and in line 5",
                "store: is there twice, in line 1 and in line 6",
            ])
        #expect(found.dropFirst(3) == ["limits.messageBytes: must be a whole number from 0 to 524288"])
    }

    @Test(
        "however the key is written",
        arguments: [
            #"loops: 1, "loops": 2"#, #"'loops': 1, loops: 2"#, #""loops": 1, "l\u006fops": 2"#,
            #""loops": /* "loops": 3 */ 1, loops/**/: 2"#, "\"loops\": 1, // }\nloops: 2",
            #""listen": "{ [ \" , loops: 0", loops: 1, loops : 2"#,
        ])
    func forms(members: String) throws {
        let found = problems(with("\"http\": { \(members) }"))
        #expect(try #require(found.first).hasPrefix("http.loops: is there twice, in line 1 and in line "))
    }

    @Test(
        "and the same name in two objects, in a text or in a comment is not twice",
        arguments: [
            #""auth": { "keys": [ { "id": "a", "algorithm": "HS256", "secret": "x" }, { "id": "b", "algorithm": "HS256", "secret": "x" } ] }"#,
            #""http": { "listen": "127.0.0.1:0" }, "auth": { "issuer": "issuer", "audience": "\"issuer\": {" }"#,
            "\"http\": { /* \"loops\": 1, */ \"loops\": 1, // \"loops\": 2\n }",
        ])
    func once(more: String) {
        #expect(problems(with(more)) == [])
    }
}
