import CSQLite

/// The WAL that a process has left which did not close its store, before SQLite reads it.
///
/// SQLite takes its frames up to the last whole commit before the first frame that is not as it was written, since that is
/// where a power cut may have torn it, and says nothing. But each commit is synced before the next is written: what a cut
/// tears is one commit, the last. When whole commits follow on one another behind the broken frame, what is broken had been
/// acknowledged.
///
/// ```
///   header | frame frame COMMIT | frame COMMIT | fr✗me COMMIT | frame COMMIT | frame COMMIT
///          └──── what SQLite takes ────────────┘              └── commits cut off: 2 ─────┘
/// ```
/// A broken frame in the very last commit cannot be told from a torn one. With `written` commits are not synced, and a
/// power cut may do the same; then too commits that clients know of are gone.
struct LeftLog {
    enum Ending: Equatable {
        /// With a whole commit, or there is none.
        case whole
        /// With a piece of a commit, as a crash leaves it.
        case torn
        /// Before at least so many commits that follow on one another and can no longer be read.
        case broken(commits: Int)
    }

    private let file: Int32
    private let wordsAreBig: Bool
    /// What the frames of this WAL bear, and not those of an older one behind them.
    private let salts: UInt64
    /// Nil when the header itself is broken.
    private let seed: Sum?

    private static let headerSize = 32
    private static let frameHeaderSize = 24

    static func ending(at path: String) -> Ending {
        let file = unsafe chat_open(path, O_RDONLY | O_CLOEXEC, 0)
        guard file >= 0 else { return .whole }
        defer { close(file) }
        return LeftLog(file)?.ending() ?? .whole
    }

    /// Nil when there is nothing in it, or pages of a size that have no sums.
    private init?(_ file: Int32) {
        self.file = file
        var header = [UInt8](repeating: 0, count: Self.headerSize)
        var first = [UInt8](repeating: 0, count: Self.frameHeaderSize)
        // A header of zeros: the file had been made longer, and nothing had come into it.
        guard Self.read(file, &header, at: 0) == header.count, header.contains(where: { $0 != 0 }),
            Self.read(file, &first, at: Self.headerSize) > 0
        else { return nil }
        // The magic number's last bit: the order of the bytes in the words that are summed.
        let isBig = header[3] & 1 == 1
        var sum = Sum()
        sum.add(header[..<24], wordsAreBig: isBig)
        let isSound = sum == Sum(header[24...])
        if isSound, Self.big(header[8..<12]) != UInt64(PageSum.pageSize) { return nil }
        // Of a broken header nothing is believed: the order is the machine's, and its frames know the salts too.
        wordsAreBig = isSound ? isBig : 1.bigEndian == 1
        seed = isSound ? sum : nil
        salts = Self.big(isSound ? header[16..<24] : first[8..<16])
    }

    private func ending() -> Ending {
        var isBroken = seed == nil
        // The sums that the next frame may go on from: of a broken one it may be the sum that has changed, or what it is of.
        var before = [seed ?? Sum()]
        var commits = 0
        var most = 0
        var isTorn = false
        var offset = Self.headerSize
        var frame = [UInt8](repeating: 0, count: Self.frameHeaderSize + PageSum.pageSize)
        while true {
            let count = Self.read(file, &frame, at: offset)
            let frameSalts = Self.big(frame[8..<16])
            guard count == frame.count else {
                if count > 0, count < 16 || frameSalts == salts { isTorn = true }
                break
            }
            offset &+= count
            let kept = Sum(frame[16..<24])
            let sums = before.map { sum(of: frame, after: $0) }
            if frameSalts == salts, sums.contains(kept) {
                before = [kept]
            } else {
                isBroken = true
                commits = 0
                before = [kept] + sums.suffix(1)
            }
            let isCommit = frame[4..<8].contains { $0 != 0 }
            if isBroken, isCommit { commits &+= 1 }
            most = max(most, commits)
            // Zeros: the file was longer already, and the frame had not come into it.
            if frameSalts == salts || frameSalts == 0 { isTorn = isBroken || !isCommit }
        }
        return most > 1 ? .broken(commits: most) : isTorn ? .torn : .whole
    }

    private func sum(of frame: [UInt8], after before: Sum) -> Sum {
        var sum = before
        sum.add(frame[..<8], wordsAreBig: wordsAreBig)
        sum.add(frame[Self.frameHeaderSize...], wordsAreBig: wordsAreBig)
        return sum
    }

    /// How many there were.
    private static func read(_ file: Int32, _ bytes: inout [UInt8], at offset: Int) -> Int {
        let count = bytes.count
        return unsafe bytes.withUnsafeMutableBytes { unsafe pread(file, $0.baseAddress, count, off_t(offset)) }
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
