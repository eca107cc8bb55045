// What is not kept any more loses its content, and stays as a shell: numbers, names and positions are taken for ever.
extension Ledger {
    mutating func expire(_ retention: Retention, at now: Timestamp) -> [Expiry] {
        var expiries: [Expiry] = []
        for id in conversations.keys.sorted() {
            guard let room = conversations[id] else { continue }
            let rule = retention.and(room.details.retention)
            let first = max(room.firstSeq, firstSeq(of: room, keptBy: rule, at: now))
            guard first > room.firstSeq else { continue }
            letGo(below: first, in: id)
            expiries.append(Expiry(conversation: id, firstSeq: first))
        }
        return expiries
    }

    private func firstSeq(of room: Room, keptBy rule: Retention, at now: Timestamp) -> Seq {
        var first: Seq = 1
        if let horizon = rule.horizon(at: now) {
            let young = room.positions.firstIndex { log[Int($0) - 1].at >= horizon } ?? room.positions.endIndex
            first = Seq(young) + 1
        }
        if rule.messages > 0, room.messages.count > rule.messages {
            let oldest = room.messages[room.messages.count - rule.messages]
            first = max(first, messages[oldest]?.message.seq ?? 1)
        }
        return first
    }

    /// The message, if it is still kept.
    func kept(_ id: MessageID) -> Written? {
        messages[id].flatMap { written in
            written.message.seq < conversations[written.message.conversation]?.firstSeq ?? 1 ? nil : written
        }
    }
}
