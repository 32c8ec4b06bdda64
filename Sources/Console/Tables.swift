/// A table that is written row by row, so that the first row appears before the last one is known. Its columns have
/// fixed widths. On a terminal, rows end at the right margin and never wrap; elsewhere they are complete.
package struct ColumnTable {
    private let columns: [Column]
    private let terminal: Terminal

    /// A column with a title and a width; the last column has any width.
    package struct Column {
        let title: String
        let width: Int
        let isRight: Bool

        /// - Parameter isRight: whether the cells are aligned to the right, like numbers.
        package init(_ title: String, _ width: Int, isRight: Bool = false) {
            self.title = title
            self.width = max(width, title.count)
            self.isRight = isRight
        }
    }

    /// The content of a column in a row.
    package struct Cell {
        let text: String
        let style: (Terminal, String) -> String

        package init(_ text: String) { self.init(text) { $1 } }

        private init(_ text: String, _ style: @escaping (Terminal, String) -> String) {
            self.text = SafeText.line(text)
            self.style = style
        }

        package static func strong(_ text: String) -> Cell { Cell(text) { $0.strong($1) } }
        package static func faint(_ text: String) -> Cell { Cell(text) { $0.faint($1) } }
        package static func good(_ text: String) -> Cell { Cell(text) { $0.good($1) } }
        package static func bad(_ text: String) -> Cell { Cell(text) { $0.bad($1) } }
    }

    package init(_ columns: [Column], on terminal: Terminal) {
        self.columns = columns
        self.terminal = terminal
    }

    /// The line of titles.
    package var header: String { row(columns.map { .strong($0.title) }) }

    package func row(_ cells: [Cell]) -> String {
        var line = ""
        var used = 0
        for (place, (cell, column)) in zip(cells, columns).enumerated() {
            let isLast = place == columns.count - 1
            let gap = place == 0 ? 0 : 2
            let room = terminal.columns.map { $0 - used - gap }
            if let room, room <= 0 { break }
            let text = ColumnTable.cut(cell.text, to: room)
            let fill = String(repeating: " ", count: isLast ? 0 : max(0, min(column.width, room ?? .max) - text.count))
            let styled = cell.style(terminal, text)
            line += String(repeating: " ", count: gap) + (column.isRight ? fill + styled : styled + fill)
            used += gap + text.count + fill.count
        }
        return ColumnTable.trimmed(line)
    }

    private static func cut(_ text: String, to room: Int?) -> String {
        guard let room, text.count > room else { return text }
        return text.prefix(max(0, room - 1)) + "…"
    }

    private static func trimmed(_ line: String) -> String {
        var end = line.endIndex
        while end > line.startIndex, line[line.index(before: end)] == " " { end = line.index(before: end) }
        return String(line[..<end])
    }
}

/// Rows with aligned columns.
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
