/// A pull reader of JSON as RFC 8259 has it, over bytes that it is lent at each call.
///
/// Strict: one value and nothing after it; every string valid UTF-8 without lone surrogates; no key twice in one
/// object; at most ``WireLimits/depth`` levels. It holds an offset only, so that the bytes need not outlive a call, and
/// it must be given the same bytes each time. Nothing is allocated but what is asked for.
struct JSONReader {
    /// What comes next.
    enum Kind {
        case object
        case array
        case string
        case number
        case `true`
        case `false`
        case null
    }

    private(set) var offset = 0
    private var depth = 0

    /// The kind of the value that comes next, at which ``offset`` then is.
    mutating func peek(in bytes: RawSpan) throws(JSONError) -> Kind {
        switch try next(in: bytes) {
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
        case UInt8(ascii: "t"): return .true
        case UInt8(ascii: "f"): return .false
        case UInt8(ascii: "n"): return .null
        default: throw error(.unexpectedByte)
        }
    }

    /// Steps into the object or array that ``peek(in:)`` announced.
    mutating func enter() throws(JSONError) {
        guard depth < WireLimits.depth else { throw error(.tooDeep) }
        depth &+= 1
        offset &+= 1
    }

    /// The next key of the object, its colon passed; nil after the last, when the object has been left.
    mutating func key(in bytes: RawSpan, isFirst: inout Bool) throws(JSONError) -> JSONText? {
        var byte = try next(in: bytes)
        if byte == UInt8(ascii: "}") {
            leave()
            return nil
        }
        if !isFirst {
            guard byte == UInt8(ascii: ",") else { throw error(.unexpectedByte) }
            offset &+= 1
            byte = try next(in: bytes)
        }
        isFirst = false
        guard byte == UInt8(ascii: "\"") else { throw error(.unexpectedByte) }
        let key = try string(in: bytes)
        guard try next(in: bytes) == UInt8(ascii: ":") else { throw error(.unexpectedByte) }
        offset &+= 1
        return key
    }

    /// Whether the array has another element, before which ``offset`` then is; if not, the array has been left.
    mutating func element(in bytes: RawSpan, isFirst: inout Bool) throws(JSONError) -> Bool {
        let byte = try next(in: bytes)
        if byte == UInt8(ascii: "]") {
            leave()
            return false
        }
        if !isFirst {
            guard byte == UInt8(ascii: ",") else { throw error(.unexpectedByte) }
            offset &+= 1
            // What follows a comma is a value, which `]` is not: the caller's `peek` refuses it.
        }
        isFirst = false
        return true
    }

    /// The string at ``offset``.
    mutating func string(in bytes: RawSpan) throws(JSONError) -> JSONText {
        offset &+= 1
        let start = offset
        var isEscaped = false
        while true {
            try plain(in: bytes)
            guard offset < bytes.byteCount else { throw error(.unexpectedEnd) }
            let byte = bytes.byte(offset)
            if byte == UInt8(ascii: "\"") {
                offset &+= 1
                return JSONText(start: start, end: offset &- 1, isEscaped: isEscaped)
            }
            guard byte == UInt8(ascii: "\\") else { throw error(.controlCharacter) }
            isEscaped = true
            try escape(in: bytes)
        }
    }

    /// The literal at ``offset``, whose first letter has been seen.
    mutating func literal(_ word: StaticString, in bytes: RawSpan) throws(JSONError) {
        guard bytes.has(word, at: offset) else { throw error(.unexpectedByte) }
        offset &+= word.utf8CodeUnitCount
    }

    /// The number at ``offset``: its range. RFC 8259 section 6.
    mutating func number(in bytes: RawSpan) throws(JSONError) -> Range<Int> {
        let start = offset
        if has(UInt8(ascii: "-"), in: bytes) { offset &+= 1 }
        if has(UInt8(ascii: "0"), in: bytes) {
            offset &+= 1
        } else {
            try digits(in: bytes)
        }
        if has(UInt8(ascii: "."), in: bytes) {
            offset &+= 1
            try digits(in: bytes)
        }
        if has(UInt8(ascii: "e"), in: bytes) || has(UInt8(ascii: "E"), in: bytes) {
            offset &+= 1
            if has(UInt8(ascii: "+"), in: bytes) || has(UInt8(ascii: "-"), in: bytes) { offset &+= 1 }
            try digits(in: bytes)
        }
        return start..<offset
    }

    /// Passes over the value that comes next, which must be valid.
    mutating func skip(in bytes: RawSpan) throws(JSONError) {
        switch try peek(in: bytes) {
        case .string: _ = try string(in: bytes)
        case .number: _ = try number(in: bytes)
        case .true: try literal("true", in: bytes)
        case .false: try literal("false", in: bytes)
        case .null: try literal("null", in: bytes)
        case .array:
            try enter()
            var isFirst = true
            while try element(in: bytes, isFirst: &isFirst) { try skip(in: bytes) }
        case .object:
            try enter()
            var isFirst = true
            var keys = JSONKeys()
            while let key = try key(in: bytes, isFirst: &isFirst) {
                guard keys.insert(key.text(in: bytes)) else { throw Self.duplicate(key) }
                try skip(in: bytes)
            }
        }
    }

    /// Nothing but white space may be left.
    mutating func end(in bytes: RawSpan) throws(JSONError) {
        skipSpace(in: bytes)
        guard offset == bytes.byteCount else { throw error(.trailingBytes) }
    }

    static func duplicate(_ key: JSONText) -> JSONError {
        JSONError(offset: key.start &- 1, reason: .duplicateKey)
    }

    static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte &- UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte &- UInt8(ascii: "a") &+ 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte &- UInt8(ascii: "A") &+ 10
        default: nil
        }
    }

    // MARK: Steps

    private func error(_ reason: JSONError.Reason) -> JSONError { JSONError(offset: offset, reason: reason) }

    private mutating func leave() {
        depth &-= 1
        offset &+= 1
    }

    /// The next byte that is not white space, at which ``offset`` then is.
    @inline(__always)
    private mutating func next(in bytes: RawSpan) throws(JSONError) -> UInt8 {
        skipSpace(in: bytes)
        guard offset < bytes.byteCount else { throw error(.unexpectedEnd) }
        return bytes.byte(offset)
    }

    @inline(__always)
    private mutating func skipSpace(in bytes: RawSpan) {
        while offset < bytes.byteCount {
            switch bytes.byte(offset) {
            case 0x20, 0x0A, 0x0D, 0x09: offset &+= 1
            default: return
            }
        }
    }

    @inline(__always)
    private func has(_ byte: UInt8, in bytes: RawSpan) -> Bool {
        offset < bytes.byteCount && bytes.byte(offset) == byte
    }

    /// One digit or more.
    private mutating func digits(in bytes: RawSpan) throws(JSONError) {
        let start = offset
        while offset < bytes.byteCount, bytes.byte(offset) &- UInt8(ascii: "0") < 10 { offset &+= 1 }
        guard offset > start else { throw error(offset < bytes.byteCount ? .invalidNumber : .unexpectedEnd) }
    }

    /// Moves to the next quote, backslash or control character, or to the end.
    @inline(__always)
    private mutating func plain(in bytes: RawSpan) throws(JSONError) {
        while true {
            var at = offset
            var special: UInt64 = 0
            while special == 0, at <= bytes.byteCount &- 8 {
                special = JSONWord.special(bytes.word(at))
                at &+= special == 0 ? 8 : special.trailingZeroBitCount >> 3
            }
            offset = at
            guard at < bytes.byteCount else { return }
            let byte = bytes.byte(at)
            if byte >= 0x80 {
                try beyondASCII(in: bytes)
            } else if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                return
            } else {
                offset &+= 1
            }
        }
    }

    /// Characters outside ASCII: the well-formed sequences of Unicode 15.0, table 3-7.
    private mutating func beyondASCII(in bytes: RawSpan) throws(JSONError) {
        while offset < bytes.byteCount {
            let lead = bytes.byte(offset)
            let length: Int
            var second: ClosedRange<UInt8> = 0x80...0xBF
            switch lead {
            case 0..<0x80: return
            case 0xC2...0xDF: length = 2
            case 0xE0:
                length = 3
                second = 0xA0...0xBF
            case 0xED:
                length = 3
                second = 0x80...0x9F
            case 0xE1...0xEF: length = 3
            case 0xF0:
                length = 4
                second = 0x90...0xBF
            case 0xF1...0xF3: length = 4
            case 0xF4:
                length = 4
                second = 0x80...0x8F
            default: throw error(.invalidUTF8)
            }
            guard length <= bytes.byteCount &- offset, second.contains(bytes.byte(offset &+ 1)) else {
                throw error(.invalidUTF8)
            }
            for index in 2..<max(2, length) where bytes.byte(offset &+ index) & 0xC0 != 0x80 {
                throw error(.invalidUTF8)
            }
            offset &+= length
        }
    }

    /// The escape at ``offset``. RFC 8259 section 7.
    private mutating func escape(in bytes: RawSpan) throws(JSONError) {
        guard bytes.byteCount &- offset >= 2 else { throw error(.unexpectedEnd) }
        switch bytes.byte(offset &+ 1) {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            offset &+= 2
        case UInt8(ascii: "u"):
            let first = try unit(at: offset, in: bytes)
            guard first & 0xFC00 != 0xDC00 else { throw error(.loneSurrogate) }
            guard first & 0xFC00 == 0xD800 else {
                offset &+= 6
                return
            }
            guard bytes.has("\\u", at: offset &+ 6) else { throw error(.loneSurrogate) }
            guard try unit(at: offset &+ 6, in: bytes) & 0xFC00 == 0xDC00 else { throw error(.loneSurrogate) }
            offset &+= 12
        default: throw error(.invalidEscape)
        }
    }

    /// The value of the `\uXXXX` at an offset.
    private func unit(at start: Int, in bytes: RawSpan) throws(JSONError) -> UInt16 {
        guard bytes.byteCount &- start >= 6 else { throw error(.unexpectedEnd) }
        var value: UInt16 = 0
        for index in 2..<6 {
            guard let digit = Self.hexValue(bytes.byte(start &+ index)) else { throw error(.invalidEscape) }
            value = value << 4 | UInt16(digit)
        }
        return value
    }
}
