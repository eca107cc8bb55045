/// What is accepted from outside, in bytes of UTF-8 unless it says otherwise.
///
/// The size of a whole document is bounded by whoever received it (a frame, a body); nothing here takes more memory
/// than a fixed multiple of that. The length of content is judged by the kernel.
public enum WireLimits {
    /// Objects and arrays inside one another. No frame or body of ours needs more than 4; the reader recurses, and 64
    /// of its stack frames fit many times over in the smallest stack we run on: a thousand brackets may not end the
    /// process.
    public static let depth = 64
    /// A client's frame: far above what any transport lets through, so that places in it fit 32 bits.
    public static let frame = 1 << 30
    /// Room for a frame or a body with content of this length, each byte of it escaped (six bytes for one, as in `\u0009`), and
    /// with all else that it may say.
    public static func document(content: Int) -> Int { 6 &* min(max(content, 0), frame / 8) &+ 65_536 }
    /// A frame's `id` as raw JSON, quotes included: room for a UUID, a hash or any number, and nothing to amplify.
    public static let frameID = 128
    /// A conversation's name: a line.
    public static let name = 256
    /// A conversation's description: a page.
    public static let description = 4096
    /// Initial members of one conversation. A count.
    public static let participants = 1000
    /// A reaction's key: the longest emoji sequences have under 40.
    public static let reactionKey = 64
}
