/// The memory all streams of a loop read into: what they read is either consumed at once or copied out.
@safe
final class ReadBuffer {
    /// 256 KiB: one call empties a socket's usual receive buffer, and a flooding peer cannot hold a round for longer than
    /// it takes to parse this much.
    static let size = 256 << 10

    let bytes: UnsafeMutableRawBufferPointer

    init() {
        unsafe bytes = .allocate(byteCount: Self.size, alignment: 16)
    }

    deinit {
        unsafe bytes.deallocate()
    }

    /// Copies kept bytes to the front.
    func restore(_ kept: [UInt8]) {
        unsafe kept.withUnsafeBytes { kept in
            unsafe bytes.copyMemory(from: kept)
        }
    }

    /// Copies a part out.
    func copy(_ range: Range<Int>) -> [UInt8] {
        unsafe [UInt8](bytes[range])
    }
}
