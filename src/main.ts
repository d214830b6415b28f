// Command line: placeholder until the rooms are furnished.
process.stdout.write('moonraker-lookout\n');
