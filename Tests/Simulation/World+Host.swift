import ChatKernel

/// How a host ends, and the next begins.
extension World {
    /// Power is lost: what was not written is not kept, and nobody is told anything.
    func crash() {
        note("crashes", life.store.waiting)
        life.store.die()
        life.run.cancel()
        begin()
    }

    /// An orderly end: what was accepted is committed and answered, whether or not a loop still reports.
    func restart() {
        note("restarts")
        life.store.change { $0 = FaultyStore.Faults() }
        life.store.releaseAll()
        if random.chance(500) {
            life.kernel.drain()
            runJobs(random.below(10))
        }
        for loop in life.loops where !loop.gathered.isEmpty { flush(loop) }
        life.run.cancel()
        while executor.step(choosing: { random.below($0) }) {}
        if !life.hasReturned { fail("run() did not return when it was cancelled") }
        for loop in life.loops { while loop.outlet.items.count > 0 { handle(loop) } }
        for answer in life.answers.takeAll() { if case .performed = answer { take(answer) } }
        for (number, attempt) in attempts.enumerated()
        where attempt.life == life.number && attempt.isAccepted && attempt.wantsReply && !attempt.isSettled {
            fail("accepted before the end, and never answered: command \(number)")
        }
        begin()
    }

    private func begin() {
        for reading in readings where !reading.isOver { reading.stop(cancelling: true) }
        readings = []
        for connection in connections { forget(connection) }
        followings = [:]
        for traveller in travellers { traveller.isAsking = false }
        for attempt in attempts.indices where attempts[attempt].life == life.number && !attempts[attempt].isSettled {
            guard attempts[attempt].connection == nil, case .letter(let letter) = attempts[attempt].kind else {
                continue
            }
            letters[letter].inFlight -= 1
        }
        pastLives.append(life)
        life = Life(
            number: pastLives.count, disk: disk, scenario: scenario, time: time, on: executor, random: &random)
    }
}
