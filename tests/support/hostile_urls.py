"""URLs that must not lead to this machine or to a network that is not public."""

from __future__ import annotations

LITERALS = [
    # This machine, in every way in which a system reads an IPv4 address.
    "127.0.0.1", "127.1", "127.0.1", "127.255.255.254", "2130706433", "0x7f000001", "0x7f.1", "0x7f.0x0.0x0.0x1",
    "017700000001", "0177.1", "0177.0.0.1", "0177.0.0.0x1", "00000177.0.0.01", "0", "0.0.0.0", "0x0", "localhost",
    "LOCALHOST", "127.0.0.1.", "localhost.",
    # This machine by IPv6, and IPv4 in IPv6.
    "[::1]", "[0:0:0:0:0:0:0:1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]",
    "[::127.0.0.1]", "[::ffff:0:127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]", "[2002:7f00:0001::1]", "[2001:0:7f00:1::1]", "[2001:0:4136:e378:8000:63bf:80ff:fffe]",
    # Networks that are not public.
    "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "100.64.0.1", "198.18.0.1",
    "[fc00::1]", "[fd12:3456::1]", "[fe80::1]", "[fe80::1%25lo]", "[fec0::1]", "[::ffff:10.0.0.1]",
    "[64:ff9b::10.0.0.1]", "[2002:0a00:1::]", "[2001:db8::1]", "192.0.2.1", "203.0.113.1",
    # Where clouds tell a machine its secrets.
    "169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "[::ffff:169.254.169.254]",
    "[fd00:ec2::254]", "100.100.100.200", "192.0.0.192", "168.63.129.16", "169.254.170.2",
    # To many at once, or to nobody.
    "224.0.0.1", "239.255.255.250", "255.255.255.255", "240.0.0.1", "[ff02::1]", "[ff0e::1]",
]  # fmt: skip
TRICKS = [
    "http://{own}@public.example/", "http://public.example@{own}/", "http://user:password@{own}/",
    "http://public.example\\@{own}/", "http://{own}\\@public.example/", "http://public.example:80@{own}/",
    "http://{own}#@public.example/", "http://{own}?@public.example/", "http://public.example%00@{own}/",
    "http://%31%32%37.0.0.1:{port}/", "http://\u2460\u2461\u2466.0.0.1:{port}/", "http://127\u30020\u30020\u30021:{port}/",
    "http://{own}\t/", "ht\ntp://{own}/", " http://{own}/", "http:///{own}/", "http:{own}/", "//{own}/", "{own}",
    "file:///etc/passwd", "gopher://{own}/_GET", "ftp://{own}/", "dict://{own}/", "ldap://{own}/", "jar:http://{own}!/",
    "unix:///var/run/docker.sock", "data:text/plain,x", "javascript:1", "http://", "http://:{port}/", "http://[::1/",
    "http://[::1]]:{port}/", "http://127.0.0.1:0/", "http://127.0.0.1:99999/", "http://127.0.0.1:{port}x/",
    "http://127.0.0.1 :{port}/", "http://127.0.0.1:{port}\r\nHost: x/", "http://" + "a" * 64 + ".example/",
    "http://.:{port}/", "https://{own}/", "http://*.{own}/", "http://" + "a" * 3_000,
]  # fmt: skip
