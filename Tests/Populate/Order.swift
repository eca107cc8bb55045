import Glibc

/// What the command line asks for.
struct Order {
    var database = ""
    var rooms = 200
    var members = 5
    var messages = 1_000_000
    /// Identifiers of users, in place of new ones.
    var users: [String]?

    init(_ arguments: some Sequence<String>) throws(Complaint) {
        var words = arguments.makeIterator()
        while let word = words.next() {
            guard let value = words.next() else { throw Complaint("\(word) wants a value.") }
            func number(_ range: ClosedRange<Int>) throws(Complaint) -> Int {
                guard let number = Int(value), range.contains(number) else {
                    throw Complaint("\(word) wants a number from \(range.lowerBound) to \(range.upperBound).")
                }
                return number
            }
            switch word {
            case "--database": database = value
            case "--rooms": rooms = try number(1...100_000)
            case "--members": members = try number(1...10_000)
            case "--messages": messages = try number(0...1_000_000_000)
            case "--users": users = try Self.lines(of: value)
            default: throw Complaint("\(word) is not known.")
            }
        }
        guard !database.isEmpty else { throw Complaint("--database is missing.") }
        if let users, users.count < members {
            throw Complaint("--users has \(users.count) of the \(members) that a room needs.")
        }
    }

    private static func lines(of path: String) throws(Complaint) -> [String] {
        guard let file = unsafe fopen(path, "r") else { throw Complaint("\(path) cannot be read.") }
        defer { unsafe fclose(file) }
        var lines: [String] = []
        var seen: Set<String> = []
        while let line = unsafe readLine(from: file) {
            if !line.isEmpty, seen.insert(line).inserted { lines.append(line) }
        }
        return lines
    }

    private static func readLine(from file: UnsafeMutablePointer<FILE>) -> String? {
        var start: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { unsafe free(start) }
        guard unsafe getline(&start, &capacity, file) >= 0, let start = unsafe start else { return nil }
        return unsafe String(cString: start).split(separator: "\n").first.map(String.init) ?? ""
    }

    struct Complaint: Error, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }
    }
}
