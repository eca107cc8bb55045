import CSQLite

/// The WAL that a process has left which did not close its store, before SQLite reads it.
///
/// SQLite takes its frames up to the first that is not as it was written, since that is where a power cut may have torn it,
/// and says nothing. But each commit is synced before the next is written: what a cut tears is one commit, the last. When whole
/// commits follow on one another behind the broken frame, what is broken had been acknowledged.
///
/// ```
///   header | frame frame COMMIT | frame COMMIT | fr✗me COMMIT | frame COMMIT | frame COMMIT
///          └──── what SQLite takes ────────────┘              └── commits cut off: 2 ─────┘
/// ```
/// A broken frame in the very last commit cannot be told from a torn one. With `written` commits are not synced, and a
/// power cut may do the same; then too commits that clients know of are gone.
struct LeftLog {
    private let file: Int32
    private var frame: [UInt8]
    private let wordsAreBig: Bool
    private let salts: UInt64
    private let seed: Sum?

    private static let headerSize = 32
    private static let frameHeaderSize = 24

    /// How many commits that follow on one another, at least, can no longer be read from the WAL at `path`; 0 when there is none.
    static func commitsCutOff(at path: String) -> Int {
        let file = unsafe chat_open(path, O_RDONLY | O_CLOEXEC, 0)
        guard file >= 0 else { return 0 }
        defer { close(file) }
        return LeftLog(file)?.commitsCutOff() ?? 0
    }

    /// Nil when there is nothing in it.
    private init?(_ file: Int32) {
        self.file = file
        var header = [UInt8](repeating: 0, count: Self.headerSize)
        frame = [UInt8](repeating: 0, count: Self.frameHeaderSize + PageSum.pageSize)
        // A header of zeros: the file had been made longer, and nothing had come into it.
        guard Self.read(file, &header, at: 0), header.contains(where: { $0 != 0 }),
            Self.read(file, &frame, at: Self.headerSize)
        else { return nil }
        // The magic number's last bit: the order of the bytes in the words that are summed.
        wordsAreBig = header[3] & 1 == 1
        var sum = Sum()
        sum.add(header[..<24], wordsAreBig: wordsAreBig)
        let isSound = sum == Sum(header[24...])
        seed = isSound ? sum : nil
        // Its frames know the salts too.
        salts = Self.big(isSound ? header[16..<24] : frame[8..<16])
    }

    private func commitsCutOff() -> Int {
        var isBroken = seed == nil
        var before = seed ?? Sum()
        var commits = 0
        var most = 0
        var offset = Self.headerSize
        var bytes = frame
        while Self.read(file, &bytes, at: offset) {
            offset &+= bytes.count
            var sum = before
            sum.add(bytes[..<8], wordsAreBig: wordsAreBig)
            sum.add(bytes[Self.frameHeaderSize...], wordsAreBig: wordsAreBig)
            before = Sum(bytes[16..<24])
            let isOurs = Self.big(bytes[8..<16]) == salts
            if !isOurs || sum != before {
                isBroken = true
                commits = 0
            }
            let isCommit = bytes[4..<8].contains { $0 != 0 }
            if isBroken, isOurs, isCommit { commits &+= 1 }
            most = max(most, commits)
        }
        return most > 1 ? most : 0
    }

    private static func read(_ file: Int32, _ bytes: inout [UInt8], at offset: Int) -> Bool {
        let count = bytes.count
        return unsafe bytes.withUnsafeMutableBytes { unsafe pread(file, $0.baseAddress, count, off_t(offset)) } == count
    }

    private static func big(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 &<< 8 | UInt64($1) } }

    /// SQLite's checksum of the WAL (its file format, section 4.2).
    private struct Sum: Equatable {
        private var first: UInt32 = 0
        private var second: UInt32 = 0

        init() {}

        /// As it stands in the file.
        init(_ bytes: ArraySlice<UInt8>) {
            let both = big(bytes)
            first = UInt32(truncatingIfNeeded: both &>> 32)
            second = UInt32(truncatingIfNeeded: both)
        }

        /// - Parameter bytes: a multiple of 8.
        mutating func add(_ bytes: ArraySlice<UInt8>, wordsAreBig: Bool) {
            unsafe bytes.withUnsafeBytes { bytes in
                for place in stride(from: 0, to: bytes.count &- 7, by: 8) {
                    let one = unsafe bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self)
                    let other = unsafe bytes.loadUnaligned(fromByteOffset: place &+ 4, as: UInt32.self)
                    first &+= (wordsAreBig ? UInt32(bigEndian: one) : UInt32(littleEndian: one)) &+ second
                    second &+= (wordsAreBig ? UInt32(bigEndian: other) : UInt32(littleEndian: other)) &+ first
                }
            }
        }
    }
}
