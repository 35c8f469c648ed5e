#!/usr/bin/env bash
# Makes the sounds beside this file anew, with ffmpeg: six seconds of a gliding tone, in each compressed format that is read.
# The bytes depend on the encoders' versions; the tests depend on none of them.
set -euo pipefail
cd "$(dirname "$0")"
tone='aevalsrc=0.4*sin(2*PI*t*(300+40*t))+0.2*sin(2*PI*t*(700-30*t)):s=8000:d=6'
make() { ffmpeg -nostdin -hide_banner -loglevel error -y -f lavfi -i "$tone" -ac 1 -map_metadata -1 -fflags +bitexact -flags:a +bitexact "$@"; }
make -c:a libmp3lame -b:a 8k glide.mp3
make -c:a flac -compression_level 12 -sample_fmt s16 glide.flac
make -c:a libvorbis -q:a 0 glide.ogg
make -c:a aac -b:a 12k glide.m4a
make -c:a aac -b:a 12k -f adts glide.aac
make -c:a pcm_s8 -ar 4000 glide.aiff
