internal import IPv8

extension ModelArchive {
    /// How many values are in the serving window, and how many are retained beside it.
    var valueCounts: (served: Int, retained: Int) {
        holdings.reduce(into: (0, 0)) { counts, key in
            // At the beginning of time nothing has expired.
            let servedCount = page(of: key.key, offset: 0, limit: .max, at: .distantPast).count
            counts.0 += servedCount
            counts.1 += key.value.count - servedCount
        }
    }
}
