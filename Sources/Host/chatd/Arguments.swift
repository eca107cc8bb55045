/// What was asked on the command line.
struct Arguments {
    enum Command: Equatable {
        case serve(config: String?)
        case check(config: String)
        case initialize(folder: String)
        case token(user: String)
        case addUser(String)
        case listUsers
        case setActive(user: String, Bool)
        case beginEpoch
        case help(topic: String?)
        case version
    }

    var command = Command.serve(config: nil)
    var config: String?
    var listen: String?
    var data = "data"
    var minutes: Int?
    var email: String?

    /// What is wrong with the command line, in a sentence.
    struct Mistake: Error {
        let text: String
    }

    init(_ words: [String]) throws(Mistake) {
        var plain: [String] = []
        var rest = words[...]
        while let word = rest.popFirst() {
            func value() throws(Mistake) -> String {
                guard let value = rest.popFirst() else { throw Mistake(text: "\(word) needs a value.") }
                return value
            }
            switch word {
            case "--help", "-h":
                command = .help(topic: plain.first)
                return
            case "--version":
                command = .version
                return
            case "--config": config = try value()
            case "--listen": listen = try value()
            case "--data": data = try value()
            case "--email": email = try value()
            case "--minutes":
                let text = try value()
                guard let number = Int(text), (1...525_600).contains(number) else {
                    throw Mistake(text: "--minutes: a whole number from 1 to 525600, not “\(text)”.")
                }
                minutes = number
            default:
                guard !word.hasPrefix("-") else { throw Mistake(text: "There is no option \(word).") }
                plain.append(word)
            }
        }
        command = try Self.command(plain)
        if case .serve(let named?) = command { config = named }
    }

    private static func command(_ words: [String]) throws(Mistake) -> Command {
        func one(_ what: String) throws(Mistake) -> String {
            guard words.count == 2 else { throw Mistake(text: "\(words[0]) takes \(what).") }
            return words[1]
        }
        switch words.first {
        case nil: return .serve(config: nil)
        case "serve":
            guard words.count <= 2 else { throw Mistake(text: "serve takes one config at most.") }
            return .serve(config: words.count == 2 ? words[1] : nil)
        case "check": return .check(config: try one("the config to check"))
        case "init":
            guard words.count <= 2 else { throw Mistake(text: "init takes one folder at most.") }
            return .initialize(folder: words.count == 2 ? words[1] : ".")
        case "token": return .token(user: try one("a username"))
        case "new-epoch":
            guard words.count == 1 else { throw Mistake(text: "new-epoch takes nothing but options.") }
            return .beginEpoch
        case "help": return .help(topic: words.count > 1 ? words[1] : nil)
        case "user":
            switch (words.count, words.dropFirst().first) {
            case (2, "list"): return .listUsers
            case (3, "add"): return .addUser(words[2])
            case (3, "disable"): return .setActive(user: words[2], false)
            case (3, "enable"): return .setActive(user: words[2], true)
            default: throw Mistake(text: "user takes add NAME, list, disable NAME or enable NAME.")
            }
        case .some(let other):
            throw Mistake(text: "There is no command “\(other)”: serve, check, init, token, user, new-epoch, help.")
        }
    }
}
