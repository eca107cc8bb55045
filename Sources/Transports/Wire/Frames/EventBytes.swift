import ChatKernel

/// The pieces that frames are made of. A name is a literal with its comma, quotes and colon.
extension [UInt8] {
    @inline(__always)
    mutating func put(_ raw: StaticString) { JSONWriter.append(raw: raw, to: &self) }

    @inline(__always)
    mutating func put(_ name: StaticString, _ text: String) {
        JSONWriter.append(raw: name, to: &self)
        JSONWriter.append(text, to: &self)
    }

    @inline(__always)
    mutating func put(_ name: StaticString, _ number: Int64) {
        JSONWriter.append(raw: name, to: &self)
        JSONWriter.append(number, to: &self)
    }

    @inline(__always)
    mutating func put(_ name: StaticString, _ flag: Bool) {
        JSONWriter.append(raw: name, to: &self)
        JSONWriter.append(flag, to: &self)
    }

    @inline(__always)
    mutating func put(_ name: StaticString, _ time: Timestamp) {
        JSONWriter.append(raw: name, to: &self)
        append(UInt8(ascii: "\""))
        time.append(to: &self)
        append(UInt8(ascii: "\""))
    }

    /// Left out when there is none.
    @inline(__always)
    mutating func put(_ name: StaticString, ifAny text: String?) {
        guard let text else { return }
        put(name, text)
    }

    mutating func put(_ name: StaticString, _ users: [UserID]) {
        JSONWriter.append(raw: name, to: &self)
        appendArray { array in
            for user in users { array.element(user.text) }
        }
    }

    /// As ``Cursor/description``.
    mutating func put(_ name: StaticString, _ cursor: Cursor) {
        JSONWriter.append(raw: name, to: &self)
        put("\"1.")
        var shift = UInt64(60)
        while shift > 0, cursor.epoch.value >> shift == 0 { shift &-= 4 }
        while true {
            append(JSONWriter.hexDigit(UInt8(truncatingIfNeeded: cursor.epoch.value >> shift & 15)))
            guard shift > 0 else { break }
            shift &-= 4
        }
        put(".")
        JSONWriter.append(cursor.pos, to: &self)
        append(UInt8(ascii: "\""))
    }

    mutating func put(_ name: StaticString, _ id: FrameID) {
        JSONWriter.append(raw: name, to: &self)
        append(contentsOf: id.json)
    }
}
