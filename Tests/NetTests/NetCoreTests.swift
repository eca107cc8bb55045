import CLinux
import ChatNet
import Testing

struct DescriptorTableTests {
    @Test func anEventForAClosedDescriptorDoesNotReachTheNextOwnerOfItsNumber() {
        var table = DescriptorTable<String>()
        let old = table.insert("left", at: 9)
        table.remove(old)
        let new = table.insert("came", at: 9)
        #expect(table.watcher(for: old) == nil)
        #expect(table.watcher(for: new) == "came")
        table.remove(old)
        #expect(table.watcher(at: 9) == "came")
        #expect(table.count == 1)
    }

    @Test func ticketsNobodyGaveAreVoid() {
        let table = DescriptorTable<String>()
        #expect(table.watcher(for: 0) == nil)
        #expect(table.watcher(for: .max) == nil)
        #expect(table.watcher(at: -1) == nil)
    }
}

struct AcceptVerdictTests {
    @Test(arguments: [EMFILE, ENFILE, ENOBUFS, ENOMEM])
    func aFullTableMakesAcceptingRest(code: Int32) {
        #expect(AcceptVerdict(errno: code) == .rest)
    }

    @Test func aVanishedPeerIsSkippedAndABrokenSocketIsNot() {
        #expect(AcceptVerdict(errno: ECONNABORTED) == .next)
        #expect(AcceptVerdict(errno: EAGAIN) == .wait)
        #expect(AcceptVerdict(errno: EBADF) == .broken)
    }
}

struct ListenAddressTests {
    @Test(arguments: [
        ("127.0.0.1:8000", "127.0.0.1", 8000), ("[::1]:0", "::1", 0), ("localhost:80", "localhost", 80),
        ("*:65535", "0.0.0.0", 65535),
    ])
    func formsThatAreRead(text: String, host: String, port: UInt16) throws {
        #expect(try ListenAddress(text) == ListenAddress(host: host, port: port))
    }

    @Test(arguments: ["", "8000", ":8000", "host:", "host:65536", "host:-1", "::1:80", "host:http", "[]:1"])
    func formsThatAreRefused(text: String) {
        #expect(throws: ListenError.self) { try ListenAddress(text) }
    }
}

struct SystemTests {
    @Test func descriptorLimitIsAtItsHardLimit() {
        let first = DescriptorLimit.raise()
        #expect(first > 0)
        #expect(DescriptorLimit.raise() == first)
    }

    @Test func clocksTellTimeInTheirUnits() {
        #expect(SystemTime.wallMicroseconds() > 1_700_000_000_000_000)
        let before = SystemTime.monotonicNanoseconds()
        #expect(SystemTime.monotonicNanoseconds() >= before)
    }

    @Test func errorsReadLikeSentences() {
        #expect(SystemError(call: "bind", code: EADDRINUSE).description == "bind: Address already in use")
    }
}
