/// Writes JSON into room that was set aside for it, in one stride: what ``Swift/Array/write(about:_:)`` lends.
///
/// An event is some twenty short pieces, and each append to an array costs a call, so the pen writes to memory. Every
/// write checks the room first; when it does not suffice nothing more is written, and the whole is done again with more.
@safe struct JSONPen {
    /// Only what lies between ``count`` and `capacity` is written. The pen does not outlive the call that lends it.
    private let room: UnsafeMutableRawPointer
    private let capacity: Int
    private(set) var count = 0
    /// The room was too small: what was written is worth nothing.
    private(set) var isShort = false

    fileprivate init(room: UnsafeMutableRawPointer, capacity: Int) {
        unsafe self.room = unsafe room
        self.capacity = capacity
    }

    /// What is JSON already.
    @inline(__always)
    mutating func raw(_ text: StaticString) {
        let length = text.utf8CodeUnitCount
        guard has(length) else { return }
        // A literal's bytes live as long as the program, and there is room for all of them.
        unsafe room.advanced(by: count).copyMemory(from: text.utf8Start, byteCount: length)
        count &+= length
    }

    mutating func raw(_ bytes: [UInt8]) {
        for byte in bytes { put(byte) }
    }

    @inline(__always)
    mutating func put(_ byte: UInt8) {
        guard has(1) else { return }
        unsafe room.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count &+= 1
    }

    /// A string with its quotes.
    mutating func text(_ text: String) {
        put(UInt8(ascii: "\""))
        text.withBytes { escape($0) }
        put(UInt8(ascii: "\""))
    }

    mutating func number(_ number: Int64) {
        if number < 0 { put(UInt8(ascii: "-")) }
        var rest = number.magnitude
        var digits = 1
        var power: UInt64 = 10
        while rest >= power, digits < 20 {
            digits &+= 1
            let (next, overflow) = power.multipliedReportingOverflow(by: 10)
            power = overflow ? .max : next
            if overflow { break }
        }
        guard has(digits) else { return }
        var at = count &+ digits
        count = at
        repeat {
            at &-= 1
            unsafe room.storeBytes(of: Self.digit(rest % 10), toByteOffset: at, as: UInt8.self)
            rest /= 10
            digits &-= 1
        } while digits > 0
    }

    /// What stands between two values of ``count``, once more.
    mutating func again(_ range: Range<Int>) {
        guard has(range.count), range.upperBound <= count else { return }
        unsafe room.advanced(by: count).copyMemory(from: room.advanced(by: range.lowerBound), byteCount: range.count)
        count &+= range.count
    }

    mutating func flag(_ flag: Bool) { flag ? raw("true") : raw("false") }

    /// Leading zeros up to `width` digits.
    @inline(__always)
    mutating func number(_ number: UInt32, width: Int) {
        guard has(width) else { return }
        var rest = number
        for place in 1...width {
            unsafe room.storeBytes(
                of: Self.digit(UInt64(rest % 10)), toByteOffset: count &+ width &- place, as: UInt8.self)
            rest /= 10
        }
        count &+= width
    }

    // MARK: Steps

    @inline(__always)
    private static func digit(_ value: UInt64) -> UInt8 { UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: value) }

    @inline(__always)
    private mutating func has(_ length: Int) -> Bool {
        if length <= capacity &- count { return true }
        isShort = true
        return false
    }

    /// Copies eight bytes at a time and looks afterwards whether one of them should have been escaped: if so, only
    /// those before it count.
    private mutating func escape(_ text: RawSpan) {
        let end = text.byteCount
        var at = 0
        while at < end {
            copyPlain(text, from: &at)
            guard at < end else { return }
            let byte = text.byte(at)
            at &+= 1
            if byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
                put(byte)
            } else {
                escape(byte)
            }
            if isShort { return }
        }
    }

    /// Copies what needs no escape, as far as it can see: what it leaves is looked at byte by byte.
    @inline(__always)
    private mutating func copyPlain(_ text: RawSpan, from at: inout Int) {
        let end = text.byteCount
        guard end >= 8 else { return }
        var to = count
        defer { count = to }
        while at <= end &- 8, to <= capacity &- 8 {
            let word = text.word(at)
            unsafe room.storeBytes(of: word.littleEndian, toByteOffset: to, as: UInt64.self)
            let found = JSONWord.escaped(word)
            guard found == 0 else {
                at &+= found.trailingZeroBitCount >> 3
                to &+= found.trailingZeroBitCount >> 3
                return
            }
            at &+= 8
            to &+= 8
        }
        guard at < end, at > end &- 8, to <= capacity &- 8 else { return }
        // The last bytes stand at the high end of a word that begins before them; blanks take the place of the others.
        let left = end &- at
        let word = text.word(end &- 8) &>> UInt64(64 &- 8 &* left) | 0x2020_2020_2020_2020 &<< UInt64(8 &* left)
        unsafe room.storeBytes(of: word.littleEndian, toByteOffset: to, as: UInt64.self)
        let found = JSONWord.escaped(word)
        let plain = found == 0 ? left : found.trailingZeroBitCount >> 3
        at &+= plain
        to &+= plain
    }

    private mutating func escape(_ byte: UInt8) {
        put(UInt8(ascii: "\\"))
        if let letter = JSONWriter.letter(of: byte) {
            put(letter)
        } else {
            raw("u00")
            put(Self.hexDigit(byte >> 4))
            put(Self.hexDigit(byte & 15))
        }
    }

    static func hexDigit(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? UInt8(ascii: "0") &+ nibble : UInt8(ascii: "a") &+ nibble &- 10
    }
}

extension [UInt8] {
    /// Appends what `write` writes: in one stride if `estimate` bytes are enough for it, else again with more room.
    @inline(__always)
    mutating func write(about estimate: Int, _ write: (inout JSONPen) -> Void) {
        var room = Swift.max(estimate, 64)
        var isDone = false
        repeat {
            append(addingCapacity: room) { (out: inout OutputSpan<UInt8>) in
                // What is written lies behind what there is, within the capacity, and is counted only when whole.
                unsafe out.withUnsafeMutableBufferPointer { buffer, count in
                    guard let start = buffer.baseAddress else { return }
                    var pen = unsafe JSONPen(room: start + count, capacity: buffer.count - count)
                    write(&pen)
                    isDone = !pen.isShort
                    if isDone { count += pen.count }
                }
            }
            room = room &* 2
        } while !isDone
    }
}

extension String {
    /// Lends the bytes of the text's UTF-8.
    @inline(__always)
    func withBytes<Result>(_ body: (RawSpan) -> Result) -> Result {
        // The pointer does not leave the closure. A string of Swift's own lies in one piece.
        if let result = unsafe utf8.withContiguousStorageIfAvailable({ unsafe body(UnsafeRawBufferPointer($0).bytes) })
        {
            return result
        }
        var copy = self
        return copy.withUTF8 { unsafe body(UnsafeRawBufferPointer($0).bytes) }
    }
}
