/// The `id` a client put on a frame: a JSON number or string, kept as it was written and echoed so.
public struct FrameID: Hashable, Sendable {
    /// Valid JSON of at most ``WireLimits/frameID`` bytes, quotes included.
    public let json: [UInt8]

    init(json: [UInt8]) { self.json = json }

    public init(_ number: Int64) {
        var json: [UInt8] = []
        JSONWriter.append(number, to: &json)
        self.json = json
    }

    /// Nil for a text that would not be accepted from a client.
    public init?(_ text: String) {
        guard text.utf8.count <= WireLimits.frameID else { return nil }
        var json: [UInt8] = []
        JSONWriter.append(text, to: &json)
        guard json.count <= WireLimits.frameID else { return nil }
        self.json = json
    }
}
