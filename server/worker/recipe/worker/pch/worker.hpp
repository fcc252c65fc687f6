// Precompiled once for the executable: nearly every file of the worker pulls these in through Logger.hpp, and
// parsing them anew each time is half of the build's time. Adds nothing that the sources do not include themselves.
#include "common.hpp"
#include "Channel/ChannelRequest.hpp"
#include "Channel/ChannelSocket.hpp"
#include "FBS/consumer.h"
#include "FBS/transport.h"
#include "FBS/webRtcTransport.h"
#include "FBS/worker.h"
#include "RTC/RTP/Packet.hpp"
#include "Settings.hpp"
#include <ankerl/unordered_dense.h>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <ranges>
#include <sstream>
#include <string>
#include <uv.h>
#include <vector>
