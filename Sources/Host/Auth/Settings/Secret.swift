/// A secret of the config: the text itself, `{"env": NAME}` or `{"file": PATH}`. Printing one shows nothing of it.
public struct Secret: Sendable, Decodable {
    private enum Source {
        case literal(String)
        case environment(String)
        case file(String)
    }

    private let source: Source

    /// The secret itself.
    public init(_ text: String) { source = .literal(text) }

    /// Where the secret is found: the process's environment, and files by path.
    public struct Sources {
        let environment: (String) -> String?
        let file: (String) -> [UInt8]?

        /// - Parameters:
        ///   - environment: the value of a variable, nil when it is not set.
        ///   - file: a file's bytes, nil when it cannot be read. Whoever reads resolves relative paths and bounds sizes.
        public init(environment: @escaping (String) -> String?, file: @escaping (String) -> [UInt8]?) {
            self.environment = environment
            self.file = file
        }
    }

    /// The secret's bytes. Of a file the line end at its end does not count, for editors add one.
    func resolve(_ sources: Sources) throws(KeyProblem) -> [UInt8] {
        switch source {
        case .literal(let text):
            return Array(text.utf8)
        case .environment(let name):
            guard let text = sources.environment(name), !text.isEmpty else {
                throw KeyProblem(detail: "the environment variable \(name) is not set")
            }
            return Array(text.utf8)
        case .file(let path):
            guard var bytes = sources.file(path) else { throw KeyProblem(detail: "the file \(path) cannot be read") }
            if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
            if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
            guard !bytes.isEmpty else { throw KeyProblem(detail: "the file \(path) is empty") }
            return bytes
        }
    }

    public init(from decoder: any Decoder) throws {
        if let text = try? decoder.singleValueContainer().decode(String.self) {
            source = .literal(text)
            return
        }
        let form = "is a text, {\"env\": NAME} or {\"file\": PATH}"
        guard let container = try? decoder.container(keyedBy: SettingKey.self), container.allKeys.count == 1,
            let key = container.allKeys.first, let value = try? container.decode(String.self, forKey: key)
        else { throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: form)) }
        switch key.stringValue {
        case "env": source = .environment(value)
        case "file": source = .file(value)
        default: throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: form))
        }
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "(secret)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
