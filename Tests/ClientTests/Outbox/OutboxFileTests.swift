import ChatKernel
import FoundationEssentials
import Glibc
import ScriptTesting
import Synchronization
import Testing

@testable import ChatClient

private let room = ConversationID("room")

@Suite("An outbox in a file")
struct OutboxFileTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.path + "/ann.outbox"
    }

    private func contents(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }

    @Test("what a client has not got rid of the next one has, in order; only its owner can read it")
    func kept() throws {
        let items = (1...3).map { OutboxItem(to: room, content: "\($0)") }
        do {
            let outbox = try OutboxFile(at: path, for: "ann")
            for item in items { try outbox.add(item) }
            outbox.remove(items[1])
            #expect(outbox.items() == [items[0], items[2]])
        }
        #expect(try OutboxFile(at: path, for: "ann").items() == [items[0], items[2]])
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }

    @Test("it is on the disk before a client's send returns")
    func atOnce() throws {
        let outbox = try OutboxFile(at: path, for: "ann")
        let client = try ChatClient(ServerAddress("http://127.0.0.1:1"), outbox: outbox) { "t" }
        try client.send("remember me", to: room)
        #expect(try contents(path).contains("remember me".utf8))
    }

    @Test("one client at a time, and no other owner")
    func oneOwner() throws {
        do {
            let outbox = try OutboxFile(at: path, for: "ann")
            #expect(throws: OutboxFile.Failure.inUse(path: path)) { try OutboxFile(at: path, for: "ann") }
            try outbox.add(OutboxItem(to: room, content: "ann's"))
        }
        #expect(throws: OutboxFile.Failure.foreign(path: path, owner: "ann")) { try OutboxFile(at: path, for: "bob") }
        #expect(try OutboxFile(at: path, for: "ann").items().map(\.content) == ["ann's"])
    }

    @Test("it is free for the next client, also while a program that is being started has a copy of its descriptors")
    func freeAgain() throws {
        let copy: Int32
        do {
            let first = try OutboxFile(at: path, for: "ann")
            copy = try self.copy(ofDescriptorOn: path + ".lock")
            #expect(throws: OutboxFile.Failure.inUse(path: path)) { try OutboxFile(at: path, for: "ann") }
            #expect(first.items() == [])
        }
        defer { close(copy) }
        #expect(throws: Never.self) { try OutboxFile(at: path, for: "ann") }
    }

    /// As a child has it between its fork and its program.
    private func copy(ofDescriptorOn path: String) throws -> Int32 {
        let own = "/proc/self/fd"
        let number = try FileManager.default.contentsOfDirectory(atPath: own).first {
            (try? FileManager.default.destinationOfSymbolicLink(atPath: own + "/" + $0)) == path
        }
        return fcntl(try #require(number.flatMap { Int32($0) }), F_DUPFD_CLOEXEC, 0)
    }

    @Test("an end that a crash has torn is passed over, and what comes after it is kept")
    func torn() throws {
        let (first, last) = (OutboxItem(to: room, content: "whole"), OutboxItem(to: room, content: "later"))
        do { try OutboxFile(at: path, for: "ann").add(first) }
        let end = Data("5c1e9b02a7d3f846 {\"add\":{\"cli".utf8)
        try (contents(path) + end).write(to: URL(filePath: path))
        do {
            let outbox = try OutboxFile(at: path, for: "ann")
            #expect(outbox.items() == [first])
            try outbox.add(last)
        }
        #expect(try OutboxFile(at: path, for: "ann").items() == [first, last])
    }

    @Test("damage is an error that says where, and the file is kept as it was")
    func damaged() throws {
        do {
            let outbox = try OutboxFile(at: path, for: "ann")
            for number in 1...3 { try outbox.add(OutboxItem(to: room, content: "number \(number)")) }
        }
        var bytes = try contents(path)
        let place = try #require(bytes.firstRange(of: Data("number 2".utf8))).lowerBound
        bytes[place] = UInt8(ascii: "N")
        try bytes.write(to: URL(filePath: path))
        let aside = path + ".damaged-1"
        #expect(throws: OutboxFile.Failure.damaged(path: path, line: 3, keptAs: aside)) {
            try OutboxFile(at: path, for: "ann")
        }
        #expect(try contents(aside) == bytes)
        #expect(try OutboxFile(at: path, for: "ann").items().isEmpty)
    }

    @Test("it grows with what is to be sent, not with what was")
    func bounded() throws {
        let outbox = try OutboxFile(at: path, for: "ann")
        let stays = OutboxItem(to: room, content: "stays")
        try outbox.add(stays)
        for number in 1...300 {
            let item = OutboxItem(to: room, content: String(repeating: "\(number) ", count: 200))
            try outbox.add(item)
            outbox.remove(item)
            #expect(try contents(path).count < 70 << 10)
        }
        #expect(outbox.items() == [stays])
    }

    @Test("a full one refuses, and takes more when there is room")
    func full() throws {
        let outbox = try OutboxFile(at: path, for: "ann")
        let large = (1...4).map { OutboxItem(to: room, content: String(repeating: "\($0)", count: 9 << 20)) }
        for item in large.prefix(3) { try outbox.add(item) }
        #expect(throws: OutboxFile.Failure.full) { try outbox.add(large[3]) }
        outbox.remove(large[0])
        try outbox.add(large[3])
        #expect(outbox.items() == Array(large.dropFirst()))
    }

    @Test("what cannot be synced is not sent, nor what comes after it, and the sender is told; what was before is kept")
    func unsynced() throws {
        let (disk, before) = (FailingDisk(), OutboxItem(to: room, content: "before"))
        do {
            let outbox = try OutboxFile(at: path, for: "ann", sync: disk.sync)
            let client = try ChatClient(ServerAddress("http://127.0.0.1:1"), outbox: outbox) { "t" }
            try client.send(before)
            disk.fails(true)
            #expect(throws: ClientFailure.outboxBroken("\(path): Input/output error")) {
                try client.send("lost", to: room)
            }
            // The next sync would say that all is well, of what the failed one has dropped too.
            disk.fails(false)
            #expect(throws: ClientFailure.outboxBroken("\(path) could not be written")) {
                try client.send("later", to: room)
            }
            #expect(outbox.items() == [before])
        }
        #expect(try OutboxFile(at: path, for: "ann").items() == [before])
    }

    @Test("when it cannot be synced that a message is settled, the next client sends it once more")
    func unsettled() throws {
        let (disk, item) = (FailingDisk(), OutboxItem(to: room, content: "arrived"))
        do {
            let outbox = try OutboxFile(at: path, for: "ann", sync: disk.sync)
            try outbox.add(item)
            disk.fails(true)
            outbox.remove(item)
            #expect(outbox.items() == [])
        }
        #expect(try OutboxFile(at: path, for: "ann").items() == [item])
    }

    @Test(
        "a disk that takes nothing is an error with the system's reason, and what was kept stays",
        arguments: [("/dev/full", "No space left on device"), ("/dev/null", "Invalid argument")])
    func unwritable(device: String, reason: String) throws {
        let item = OutboxItem(to: room, content: "kept")
        do { try OutboxFile(at: path, for: "ann").add(item) }
        // The one takes no byte, the other none for ever: it cannot be synced.
        let new = path + ".new"
        try FileManager.default.createSymbolicLink(atPath: new, withDestinationPath: device)
        #expect(throws: OutboxFile.Failure.system("\(new): \(reason)")) { try OutboxFile(at: path, for: "ann") }
        try FileManager.default.removeItem(atPath: new)
        #expect(try OutboxFile(at: path, for: "ann").items() == [item])
    }

    @Test("where there is no folder the system's reason is said")
    func nowhere() throws {
        #expect(throws: OutboxFile.Failure.system("/nowhere/a.lock: No such file or directory")) {
            try OutboxFile(at: "/nowhere/a", for: "ann")
        }
    }
}

/// Syncs, or fails to with EIO.
private final class FailingDisk: Sendable {
    private let isFailing = Mutex(false)

    func fails(_ fails: Bool) { isFailing.withLock { $0 = fails } }

    @Sendable func sync(_ file: Int32) -> Int32 {
        guard isFailing.withLock({ $0 }) else { return fdatasync(file) }
        errno = EIO
        return -1
    }
}
