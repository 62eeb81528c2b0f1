# Two small web servers in one machine: the address is the same, only the port tells them apart.
notes=@{number port/notes 2000 4999}
photos=@{number port/photos 5000 8999}
for name in notes photos; do
	mkdir -p @{run}/$name
	echo "These are Alice's $name." >@{run}/$name/index.html
done
busybox httpd -p $notes -h @{run}/notes
busybox httpd -p $photos -h @{run}/photos
echo "Two applications wait for visitors: Alice's notes and her photos."
