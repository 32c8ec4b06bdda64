// The types of the wire that the library's own methods take and give, so that a program needs no second import. The
// names of the other types would collide with those of programs: a message, a version or a digest means many things.
@_exported public import struct IPv8.Address
@_exported public import struct IPv8.Mid
@_exported public import struct IPv8.NodeInfo
@_exported public import struct IPv8.PublicKey
@_exported public import struct IPv8.Target
