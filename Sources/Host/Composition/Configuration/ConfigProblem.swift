/// Something wrong in a config: where, and what is allowed there.
public struct ConfigProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// As one would point at it: `transports[1].listen`. Empty for the file as a whole.
    public let path: String
    public let text: String

    public init(path: String, text: String) {
        self.path = path
        self.text = text
    }

    public var description: String { path.isEmpty ? text : "\(path): \(text)" }
}

/// Everything that is wrong in a config, at once.
public struct ConfigProblems: Error, Sendable, CustomStringConvertible {
    public let problems: [ConfigProblem]

    public init(_ problems: [ConfigProblem]) { self.problems = problems }

    public var description: String { problems.map(\.description).joined(separator: "\n") }
}
