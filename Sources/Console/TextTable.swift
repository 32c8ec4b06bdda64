/// Rows whose columns stand below each other.
package struct TextTable {
    private var rows: [[String]] = []

    /// A table without rows.
    package init() {}

    /// Adds a row; the last cell of each may have any length.
    package mutating func add(_ cells: String...) { rows.append(cells.map(SafeText.line)) }

    /// The rows, each after so many spaces, with two spaces between columns.
    package func lines(indent: Int = 2) -> [String] {
        var widths: [Int] = []
        for row in rows {
            for (column, cell) in row.dropLast().enumerated() {
                if column == widths.count { widths.append(0) }
                widths[column] = max(widths[column], cell.count)
            }
        }
        return rows.map { row in
            let cells = row.enumerated().map { column, cell in
                column < row.count - 1 ? cell + String(repeating: " ", count: widths[column] - cell.count) : cell
            }
            return String(repeating: " ", count: indent) + cells.joined(separator: "  ")
        }
    }
}
