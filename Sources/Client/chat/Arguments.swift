/// What was asked on the command line.
struct Arguments: Sendable {
    var url = "http://127.0.0.1:8000"
    var user = ""
    var room: String?
    /// A file of authorities, instead of the system's.
    var authorities: String?
    /// A file for what is still to be sent, instead of the one that `KeptOutbox` finds.
    var outbox: String?
    var registers = false
    var isPolling = false
    var wantsHelp = false

    /// What is wrong with the command line, in a sentence.
    struct Mistake: Error {
        let text: String
    }

    init(_ words: [String]) throws(Mistake) {
        var rest = words[...]
        while let word = rest.popFirst() {
            func value() throws(Mistake) -> String {
                guard let value = rest.popFirst() else { throw Mistake(text: "\(word) needs a value.") }
                return value
            }
            switch word {
            case "--help", "-h":
                wantsHelp = true
                return
            case "--url": url = try value()
            case "--user": user = try value()
            case "--room": room = try value()
            case "--ca": authorities = try value()
            case "--outbox": outbox = try value()
            case "--register": registers = true
            case "--polling": isPolling = true
            default: throw Mistake(text: "There is no option \(word).")
            }
        }
        guard !user.isEmpty else { throw Mistake(text: "--user NAME: who are you?") }
    }

    static let help = """
        chat --user NAME [--url http://127.0.0.1:8000] [--room ID|NAME] [--register] [--polling]
             [--ca FILE] [--outbox FILE]

        Talks to a chat server. What you type is said in the room that is open; what happens there is printed.
        The password is asked for, or taken from CHAT_PASSWORD. --register makes the account first.
        --polling does without WebSocket. An https server must have a certificate from an authority that the system
        trusts, or from one of those in the file that --ca names.
        What is typed is kept in a file until the server has it, and sent by the next chat if this one is killed: in
        ~/.local/state/chat, for each user of each server, or where --outbox says.

        \(Order.summary)
        Standard input may be a file or a pipe: at its end chat waits until all is sent, and leaves with 0, or with 1 when
        something was refused.

        """
}
