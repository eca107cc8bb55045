import ChatKernel
import Glibc

// populate --database PATH [--rooms N] [--members N] [--messages N] [--users FILE]
//
// Makes rooms with N members each and N messages over all of them, in a store that no server has open; the file is made
// if it is not there. FILE has identifiers of users, one a line: those that the store does not have are made, and the
// members are taken from them in turn. Prints "user ID" and "room ID", one a line. A million messages take ten seconds.

let order: Order
do {
    order = try Order(CommandLine.arguments.dropFirst())
} catch {
    print(error)
    print("usage: populate --database PATH [--rooms N] [--members N] [--messages N] [--users FILE]")
    exit(64)
}

do {
    let now = Timestamp(microseconds: Int64(time(nil)) * 1_000_000)
    let made = try await Population(order).build(at: now)
    for user in made.users { print("user \(user.text)") }
    for room in made.rooms { print("room \(room.text)") }
} catch {
    print("populate: \(error)")
    exit(1)
}
