import ChatKernel

/// A typed line, understood.
enum Order: Equatable {
    case nothing
    case say(String)
    case list
    case open(String)
    case make(name: String, users: [String])
    case direct(user: String)
    case who
    case edit(Seq, String)
    case delete(Seq)
    case react(Seq, String)
    case search(String)
    case help
    case quit
    /// What is wrong with it, in a sentence.
    case mistake(String)

    static let summary = """
        /list                    your conversations          /open NAME|ID    the one that you talk in
        /new NAME USER...        a new conversation          /dm USER         the one of you two
        /who                     who is in it                /search WORDS    in all of your conversations
        /edit NUMBER TEXT        /delete NUMBER              /react NUMBER EMOJI
        /help                    /quit                       //text           says /text

        """

    init(_ line: String) {
        guard line.hasPrefix("/") else {
            self = line.allSatisfy(\.isWhitespace) ? .nothing : .say(line)
            return
        }
        guard !line.hasPrefix("//") else {
            self = .say(String(line.dropFirst()))
            return
        }
        let words = line.split(separator: " ", maxSplits: 1)
        let rest = words.count > 1 ? String(words[1]) : ""
        switch words.first ?? "" {
        case "/list": self = .list
        case "/open": self = rest.isEmpty ? .mistake("/open NAME|ID") : .open(rest)
        case "/new":
            let names = rest.split(separator: " ").map(String.init)
            self = names.first.map { .make(name: $0, users: Array(names.dropFirst())) } ?? .mistake("/new NAME USER...")
        case "/dm": self = rest.isEmpty ? .mistake("/dm USER") : .direct(user: rest)
        case "/who": self = .who
        case "/edit": self = Self.numbered(rest).map { .edit($0, $1) } ?? .mistake("/edit NUMBER TEXT")
        case "/delete": self = Seq(rest).map { .delete($0) } ?? .mistake("/delete NUMBER")
        case "/react": self = Self.numbered(rest).map { .react($0, $1) } ?? .mistake("/react NUMBER EMOJI")
        case "/search": self = rest.isEmpty ? .mistake("/search WORDS") : .search(rest)
        case "/help": self = .help
        case "/quit": self = .quit
        case let word: self = .mistake("There is no \(word); see /help.")
        }
    }

    private static func numbered(_ text: String) -> (Seq, String)? {
        let words = text.split(separator: " ", maxSplits: 1)
        guard words.count == 2, let number = Seq(words[0]) else { return nil }
        return (number, String(words[1]))
    }
}
