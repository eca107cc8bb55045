import CLinux
public import ChatKernel
import ChatWire
import Synchronization

/// Log lines on standard error: text for people, JSON (one object a line) for machines.
public final class StreamLog: LogSink {
    public enum Form: Sendable {
        case text
        case json
    }

    private let form: Form
    private let threshold: LogLevel
    private let time: any TimeSource
    private let descriptor: Int32
    private let lock = Mutex(())

    /// - Parameter descriptor: where the lines go; standard error by default.
    public init(_ form: Form, from threshold: LogLevel = .info, time: any TimeSource, descriptor: Int32 = 2) {
        self.form = form
        self.threshold = threshold
        self.time = time
        self.descriptor = descriptor
    }

    public func log(_ level: LogLevel, _ message: String, _ fields: [LogField]) {
        guard level >= threshold else { return }
        var line: [UInt8] = []
        switch form {
        case .json:
            line.appendObject { object in
                object.member("time", time.wall().description)
                object.member("level", level.rawValue)
                object.member("message", Redaction.redact(message))
                object.member("fields") { Self.append(fields, to: &$0) }
            }
        case .text:
            var text = "\(time.wall()) \(level.rawValue.uppercased())  \(Redaction.redact(message))"
            for field in fields { text += "  \(field.name)=\(Redaction.redact(field.value))" }
            // One line a message: what came from outside must not start another.
            line = text.utf8.map { $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: " ") : $0 }
        }
        line.append(UInt8(ascii: "\n"))
        lock.withLock { _ in
            unsafe line.withUnsafeBytes { bytes in
                _ = unsafe write(descriptor, bytes.baseAddress, bytes.count)
            }
        }
    }
}

extension StreamLog {
    private static func append(_ fields: [LogField], to bytes: inout [UInt8]) {
        JSONWriter.append(raw: "{", to: &bytes)
        for (index, field) in fields.enumerated() {
            if index > 0 { JSONWriter.append(raw: ",", to: &bytes) }
            JSONWriter.append(field.name, to: &bytes)
            JSONWriter.append(raw: ":", to: &bytes)
            JSONWriter.append(Redaction.redact(field.value), to: &bytes)
        }
        JSONWriter.append(raw: "}", to: &bytes)
    }
}

/// Takes secrets out of what is written down. No line should have one; this is for the line that does.
enum Redaction {
    private static let names = ["token=", "ticket=", "password=", "secret=", "Bearer "]

    static func redact(_ text: String) -> String {
        guard names.contains(where: { text.contains($0) }) else { return text }
        var result = ""
        var rest = text[...]
        search: while !rest.isEmpty {
            for name in names where rest.hasPrefix(name) {
                result += name + "…"
                rest = rest.dropFirst(name.count).drop { !" &\"'\n".contains($0) }
                continue search
            }
            result.append(rest.removeFirst())
        }
        return result
    }
}
