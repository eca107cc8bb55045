/// Writes one object, member by member. The commas write themselves.
///
/// Names are literals without anything to escape. A member given a nil is written as `null`.
public struct JSONObjectBuilder: ~Copyable {
    fileprivate var bytes: [UInt8]
    private var isFirst = true

    fileprivate init(_ bytes: consuming [UInt8]) {
        self.bytes = bytes
        self.bytes.append(UInt8(ascii: "{"))
    }

    public mutating func member(_ name: StaticString, _ text: String?) {
        begin(name)
        if let text { JSONWriter.append(text, to: &bytes) } else { null() }
    }

    public mutating func member(_ name: StaticString, _ number: Int64?) {
        begin(name)
        if let number { JSONWriter.append(number, to: &bytes) } else { null() }
    }

    public mutating func member(_ name: StaticString, _ number: Int) { member(name, Int64(number)) }

    public mutating func member(_ name: StaticString, _ flag: Bool) {
        begin(name)
        JSONWriter.append(flag, to: &bytes)
    }

    public mutating func object(_ name: StaticString, _ fill: (inout JSONObjectBuilder) -> Void) {
        begin(name)
        bytes.appendObject(fill)
    }

    public mutating func array(_ name: StaticString, _ fill: (inout JSONArrayBuilder) -> Void) {
        begin(name)
        bytes.appendArray(fill)
    }

    /// A member whose value `write` appends: exactly one value, as JSON.
    public mutating func member(_ name: StaticString, writing write: (inout [UInt8]) -> Void) {
        begin(name)
        write(&bytes)
    }

    private mutating func begin(_ name: StaticString) {
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        isFirst = false
        bytes.append(UInt8(ascii: "\""))
        JSONWriter.append(raw: name, to: &bytes)
        JSONWriter.append(raw: "\":", to: &bytes)
    }

    private mutating func null() { JSONWriter.append(raw: "null", to: &bytes) }
}

/// Writes one array, element by element.
public struct JSONArrayBuilder: ~Copyable {
    fileprivate var bytes: [UInt8]
    private var isFirst = true

    fileprivate init(_ bytes: consuming [UInt8]) {
        self.bytes = bytes
        self.bytes.append(UInt8(ascii: "["))
    }

    public mutating func element(_ text: String) {
        begin()
        JSONWriter.append(text, to: &bytes)
    }

    public mutating func element(_ number: Int64) {
        begin()
        JSONWriter.append(number, to: &bytes)
    }

    public mutating func object(_ fill: (inout JSONObjectBuilder) -> Void) {
        begin()
        bytes.appendObject(fill)
    }

    /// An element that `write` appends: exactly one value, as JSON.
    public mutating func element(writing write: (inout [UInt8]) -> Void) {
        begin()
        write(&bytes)
    }

    private mutating func begin() {
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        isFirst = false
    }
}

extension [UInt8] {
    /// Appends an object with the members that `fill` writes.
    public mutating func appendObject(_ fill: (inout JSONObjectBuilder) -> Void) {
        // The builder holds the bytes alone while it works: nothing is copied.
        var builder = JSONObjectBuilder(take())
        fill(&builder)
        builder.bytes.append(UInt8(ascii: "}"))
        swap(&self, &builder.bytes)
    }

    /// Appends an array with the elements that `fill` writes.
    public mutating func appendArray(_ fill: (inout JSONArrayBuilder) -> Void) {
        var builder = JSONArrayBuilder(take())
        fill(&builder)
        builder.bytes.append(UInt8(ascii: "]"))
        swap(&self, &builder.bytes)
    }

    private mutating func take() -> [UInt8] {
        var taken: [UInt8] = []
        swap(&self, &taken)
        return taken
    }
}
