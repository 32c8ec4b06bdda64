internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import IPv8
internal import NIOCore

/// The status page: a few files in the program, which ask the API like any other client.
///
/// They say nothing about the node, so they need no key. What they may do in a browser is limited to
/// what they need: scripts and styles of this server, requests to this server, and nothing that turns a text into markup.
enum StatusPage {
    struct File: Sendable {
        let type: String
        let bytes: [UInt8]
        /// Names the content, so that a browser that has the file is told so and gets it no second time.
        let tag: String

        fileprivate init(_ name: String, _ bytes: [UInt8]) {
            self.bytes = bytes
            tag = "\"\(StatusPage.digest(bytes))\""
            type =
                switch name.split(separator: ".").last {
                case "html": "text/html; charset=utf-8"
                case "css": "text/css; charset=utf-8"
                case "svg": "image/svg+xml"
                case "js", _: "text/javascript; charset=utf-8"
                }
        }
    }

    /// The styles are a part of it, because the browser would paint nothing before a file of them had come.
    static let main = File(
        "index.html",
        Array(
            String(decoding: PackageResources.index_html, as: UTF8.self).replacing(
                #"<link rel="stylesheet" href="/page/style.css">"#,
                with: "<style>\(String(decoding: PackageResources.style_css, as: UTF8.self))</style>"
            ).utf8))

    /// The other files, by their names below `/page/`. The styles are there too, for tests that take files from the sources.
    static let files: [String: File] = {
        let contents = [
            "style.css": PackageResources.style_css, "icon.svg": PackageResources.icon_svg,
            "main.js": PackageResources.main_js, "dom.js": PackageResources.dom_js, "api.js": PackageResources.api_js,
            "key.js": PackageResources.key_js, "format.js": PackageResources.format_js,
            "bytes.js": PackageResources.bytes_js, "table.js": PackageResources.table_js,
            "charts.js": PackageResources.charts_js, "verdict.js": PackageResources.verdict_js,
            "overview.js": PackageResources.overview_js, "pictures.js": PackageResources.pictures_js,
            "keyspace.js": PackageResources.keyspace_js, "explore.js": PackageResources.explore_js,
            "value.js": PackageResources.value_js, "lists.js": PackageResources.lists_js,
            "changes.js": PackageResources.changes_js, "act.js": PackageResources.act_js,
        ]
        return Dictionary(uniqueKeysWithValues: contents.map { ($0.key, File($0.key, $0.value)) })
    }()

    static let contentSecurityPolicy = [
        "default-src 'none'", "script-src 'self'", "style-src 'self' 'sha256-\(hash(PackageResources.style_css))'",
        "img-src 'self'", "connect-src 'self'",
        "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ].joined(separator: "; ")

    /// How a policy names styles that are a part of the page.
    private static func hash(_ bytes: [UInt8]) -> String {
        var sum = SHA256()
        sum.update(bytes[...])
        return PyIPv8.base64Text(sum.finish())
    }

    /// FNV-1a: it tells versions of a file apart, and nobody gains by making two that it does not.
    private static func digest(_ bytes: [UInt8]) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return String(hash, radix: 16)
    }
}

extension Routes {
    func addStatusPage() {
        add(.get, "/", access: .open) { _, request, _ in StatusPage.main.response(to: request) }
        add(.get, "/page/{file}", access: .open) { _, request, context in
            guard let file = StatusPage.files[context.parameters.get("file") ?? ""] else { throw Problem.notFound }
            return file.response(to: request)
        }
    }
}

extension StatusPage.File {
    fileprivate func response(to request: Request) -> Response {
        var headers: HTTPFields = [
            .contentType: type, .eTag: tag, .cacheControl: "no-cache",
            .contentSecurityPolicy: StatusPage.contentSecurityPolicy,
        ]
        headers[.referrerPolicy] = "no-referrer"
        headers[.openerPolicy] = "same-origin"
        if request.headers[.ifNoneMatch]?.contains(tag) == true {
            return Response(status: .notModified, headers: headers)
        }
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}

extension HTTPField.Name {
    fileprivate static let referrerPolicy = HTTPField.Name("Referrer-Policy") ?? .server
    fileprivate static let openerPolicy = HTTPField.Name("Cross-Origin-Opener-Policy") ?? .server
}
