import ChatKernel

/// The fields that frames are made of. A name is a literal with its comma, quotes and colon, so that a frame's code
/// shows its bytes.
extension JSONPen {
    @inline(__always)
    mutating func put(_ name: StaticString, _ text: String) {
        raw(name)
        self.text(text)
    }

    @inline(__always)
    mutating func put(_ name: StaticString, _ number: Int64) {
        raw(name)
        self.number(number)
    }

    @inline(__always)
    mutating func put(_ name: StaticString, _ flag: Bool) {
        raw(name)
        self.flag(flag)
    }

    /// Left out when there is none.
    @inline(__always)
    mutating func put(_ name: StaticString, ifAny text: String?) {
        guard let text else { return }
        put(name, text)
    }

    @inline(__always)
    mutating func put(_ name: StaticString, orNull text: String?) {
        raw(name)
        if let text { self.text(text) } else { raw("null") }
    }

    mutating func put(_ name: StaticString, _ users: [UserID]) {
        raw(name)
        list(users) { $1.text($0.text) }
    }

    /// An array, each element of it by `write`.
    @inline(__always)
    mutating func list<Element>(_ elements: [Element], _ write: (borrowing Element, inout JSONPen) -> Void) {
        put(UInt8(ascii: "["))
        // Borrowed where they are: to copy a message is to retain six texts.
        let span = elements.span
        for index in span.indices {
            if index > 0 { put(UInt8(ascii: ",")) }
            write(span[index], &self)
        }
        put(UInt8(ascii: "]"))
    }

    mutating func put(_ name: StaticString, _ cursor: Cursor) {
        raw(name)
        put(UInt8(ascii: "\""))
        self.cursor(cursor)
        put(UInt8(ascii: "\""))
    }

    /// As ``Cursor/description``.
    mutating func cursor(_ cursor: Cursor) {
        raw("1.")
        epoch(cursor.epoch)
        put(UInt8(ascii: "."))
        number(cursor.pos)
    }

    /// In hexadecimal, without leading zeros.
    mutating func epoch(_ epoch: Epoch) {
        var shift = epoch.value == 0 ? 0 : 60 &- UInt64(epoch.value.leadingZeroBitCount & ~3)
        while true {
            put(Self.hexDigit(UInt8(truncatingIfNeeded: epoch.value >> shift & 15)))
            guard shift > 0 else { break }
            shift &-= 4
        }
    }

    @inline(__always)
    mutating func put(_ name: StaticString, _ id: FrameID) {
        raw(name)
        raw(id.json)
    }

    @inline(__always)
    mutating func put(_ name: StaticString, _ time: Timestamp) {
        raw(name)
        self.time(time)
    }

    /// As ``Timestamp/description``, in quotes.
    ///
    /// Every frame has one, and the general form takes as long as the rest of a frame. The same era arithmetic, on
    /// numbers that the clamping has made positive: days from March 1st of the year -400, in years that begin in March.
    mutating func time(_ time: Timestamp) {
        let clamped = min(max(time.microseconds, -62_167_219_200_000_000), 253_402_300_799_999_999)
        let microseconds = UInt64(bitPattern: clamped &+ 74_784_816_000_000_000)
        let seconds = microseconds / 1_000_000
        let day = UInt32(truncatingIfNeeded: seconds / 86_400)
        let second = UInt32(truncatingIfNeeded: seconds % 86_400)
        let era = day / 146_097
        let dayOfEra = day % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        raw("\"")
        number(era * 400 + yearOfEra + (month <= 2 ? 1 : 0) - 400, width: 4)
        raw("-")
        number(month, width: 2)
        raw("-")
        number(dayOfYear - (153 * marchMonth + 2) / 5 + 1, width: 2)
        raw("T")
        number(second / 3600, width: 2)
        raw(":")
        number(second / 60 % 60, width: 2)
        raw(":")
        number(second % 60, width: 2)
        raw(".")
        number(UInt32(truncatingIfNeeded: microseconds % 1_000_000), width: 6)
        raw("Z\"")
    }
}
