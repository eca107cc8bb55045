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

    public func takes(_ level: LogLevel) -> Bool { level >= threshold }

    public func log(_ level: LogLevel, _ message: String, _ fields: [LogField]) {
        guard takes(level) else { return }
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
    private static let names = ["token=", "ticket=", "password=", "secret=", "bearer "].map { Array($0.utf8) }
    private static let dot = UInt8(ascii: ".")

    static func redact(_ text: String) -> String {
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var at = 0
        while at < bytes.count {
            if let name = names.first(where: { begins(bytes[at...], with: $0) }) {
                result += bytes[at..<(at + name.count)] + Array("…".utf8)
                at += name.count
                while at < bytes.count, !" &\"'\n".utf8.contains(bytes[at]) { at += 1 }
            } else if let end = endOfToken(bytes, from: at) {
                result += Array("…".utf8)
                at = end
            } else {
                result.append(bytes[at])
                at += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// Without regard to the case of letters; the name is in lower case.
    private static func begins(_ bytes: ArraySlice<UInt8>, with name: [UInt8]) -> Bool {
        bytes.count >= name.count && zip(bytes, name).allSatisfy { $0 == $1 || $0 | 0x20 == $1 && $1 > 0x60 }
    }

    /// Where a JWT that begins here ends: `eyJ`, which is `{"` in base64url, and two dots in what follows.
    private static func endOfToken(_ bytes: [UInt8], from start: Int) -> Int? {
        guard bytes[start] == UInt8(ascii: "e"), bytes[start...].starts(with: "eyJ".utf8) else { return nil }
        var end = start
        var dots = 0
        while end < bytes.count, isTokenByte(bytes[end]) {
            if bytes[end] == dot { dots += 1 }
            end += 1
        }
        return dots == 2 ? end : nil
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), dot:
            true
        default: false
        }
    }
}
