// What one user is shown of a stretch of a conversation's log.
extension Membership {
    /// The entries within the user's stays, with a gap for each run of numbers in front of a stay. What comes after the last stay
    /// is nobody's business: of that nothing is said.
    ///
    /// - Parameters:
    ///   - entries: contiguous but for gaps of ``Change/Gap/Reason/retention``, which are cut to the stays.
    ///   - endsThere: the reader gets nothing more.
    func view(of entries: [Entry], endsThere: Bool = false) -> [Entry] {
        // Nearly always: a member since before all of it.
        if let first = entries.first, let span = spans.last, span.through == nil, span.from <= first.lowest {
            return entries
        }
        if Mutation.passesOverGaps.isOn { return entries.filter { sees($0.seq) } }
        var shown: [Entry] = []
        var hiddenFrom: Seq?
        for entry in entries {
            for piece in pieces(of: entry) {
                guard piece.isSeen else {
                    hiddenFrom = hiddenFrom ?? piece.numbers.lowerBound
                    continue
                }
                if let from = hiddenFrom { shown.append(entry.hiding(from...piece.numbers.lowerBound - 1)) }
                hiddenFrom = nil
                shown.append(
                    piece.numbers.upperBound == entry.seq && piece.numbers.lowerBound == entry.lowest
                        ? entry : entry.cut(to: piece.numbers))
            }
        }
        if let from = hiddenFrom, let last = entries.last, !endsThere, spans.last.map({ $0.from > last.seq }) ?? false {
            shown.append(last.asGap(from: from, .membership))
        }
        return shown
    }

    /// The numbers that an entry stands for, cut where stays begin and end.
    private func pieces(of entry: Entry) -> [(numbers: ClosedRange<Seq>, isSeen: Bool)] {
        guard entry.lowest < entry.seq else { return [(entry.seq...entry.seq, sees(entry.seq))] }
        var pieces: [(numbers: ClosedRange<Seq>, isSeen: Bool)] = []
        var next = entry.lowest
        for span in spans where span.through ?? .max >= next && span.from <= entry.seq {
            if span.from > next { pieces.append((next...span.from - 1, false)) }
            let lower = max(next, span.from)
            let upper = min(span.through ?? .max, entry.seq)
            pieces.append((lower...upper, true))
            next = upper + 1
        }
        if next <= entry.seq { pieces.append((next...entry.seq, false)) }
        return pieces
    }
}

extension Entry {
    /// The first number that it stands for.
    var lowest: Seq { if case .gap(let gap) = change { gap.from } else { seq } }

    /// Whether a stay of the user may begin with it, or with what is gone there.
    func mayBeginStay(of user: UserID) -> Bool {
        switch change {
        case .member(.added, let member): member.user.id == user
        case .gap: true
        default: false
        }
    }

    /// A gap of numbers in front of it that its reader is not shown. It belongs to this entry and has no position of its own.
    func hiding(_ numbers: ClosedRange<Seq>) -> Entry {
        Entry(
            conversation: conversation, seq: numbers.upperBound, pos: 0, at: at, author: author,
            change: .gap(Change.Gap(from: numbers.lowerBound, .membership)))
    }

    /// The same, not beyond a number: of a gap what is before it.
    func cut(through last: Seq) -> Entry { seq > last ? cut(to: lowest...last) : self }

    /// A part of a gap.
    fileprivate func cut(to numbers: ClosedRange<Seq>) -> Entry {
        guard case .gap(let gap) = change else { return self }
        // Where another number stands is not known here.
        return Entry(
            conversation: conversation, seq: numbers.upperBound, pos: numbers.upperBound == seq ? pos : 0, at: at,
            author: author,
            change: .gap(Change.Gap(from: numbers.lowerBound, gap.reason)))
    }
}
