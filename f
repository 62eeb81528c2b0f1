glassnet-dns-cache 1
