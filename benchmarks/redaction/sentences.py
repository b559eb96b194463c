"""Sentences with and without names and addresses, made up to train the tagger.

Templates with slots, filled with names, streets, towns, titles and so on. What is between { and }
is a slot; N (a name in any form), F, L and A (an address) are what the tagger is to find.
"""

import random
from collections.abc import Callable, Mapping, Sequence

__all__ = ["Maker"]

# Who is speaking, and of whom.
PEOPLE = """
my name is {N}
my name's {N}
hi my name is {N} and {W}
hello, my name is {N}. {W}
yes my full name is {N}
my first name is {F} and my last name is {L}
first name {F}, last name {L}
last name {L}
surname {L}, first name {F}
the name is {N}
the name's {N}
the name on the account is {N}
the account is under {N}
it's under {N}
it should be under {N}
maybe it's under the name {N}
it might be under {N}, can you check
the booking is under {N}
the reservation's in the name of {N}
it's for {N}
a table under {N} please
the order is for {N}
put it under {F} please
name: {N}
name: {N}\\nphone: {D}
customer name {N}
patient: {N}
the patient is {N}, {W}
i'm {N}
i am {N}
i'm {N}, {W}
hi i'm {F}
hi, this is {N}
hello this is {N}, {W}
this is {T} {N}
this is {F} from {O}
hey it's {F}, {W}
it's {N}
it's {F}
it is {N} speaking
yeah this is {F} speaking
{N} speaking
{N} here, {W}
hi {F}, {W}
hello {F}, {W}
hey {F}, how are you
dear {T} {L}, {W}
good morning {T} {L}
thank you {F}
thanks {F}, that's all
thanks {N}, {W}
okay {F}, {W}
perfect {F}. {W}
great, {N}. {W}
bye {F}
can i speak to {N}
could i talk to {N} please
i'd like to speak with {T} {L}
put me through to {N}
is {F} there
i need to reach {N} in billing
i spoke to {F} yesterday
i was talking to {N} earlier
i talked with someone called {F}
somebody named {N} told me {W}
a lady named {F} helped me
your colleague {F} said {W}
{F} said i could call back
my wife {F} {V}
my husband {N} {V}
my son {F} {V}
my daughter {F} {V}
my brother {F} and my sister {F} {V}
my doctor is {T} {N}
i have an appointment with {T} {L}
i have an appointment with {T} {N} at {H}
can you book me with {T} {L} on {DAY}
i'd like to see {T} {L}
the appointment is for {N}
my boss {N} {V}
my friend {F} {V}
my neighbour {N} {V}
my lawyer {N} {V}
the account belongs to {N}
the card is in the name of {N}
it says {N} on the card
the cardholder is {N}
send it to {N}
ship it to {N} at {A}
please mail the card to {N}, {A}
i want to transfer {MONEY} to {N}
send {MONEY} to {F}
transfer money to {N}'s account
add {N} to my account
remove {N} from the policy
the beneficiary is {N}
the driver is {N}
the passenger is {N}
passengers are {N} and {N}
the tickets are for {F}, {F} and {F}
call {N}
call {F} on mobile
text {F} that {W}
send a message to {F}
email {N} about the meeting
remind me to call {F} at {H}
schedule a meeting with {N} on {DAY}
invite {F} and {F} to the party
meet {F} at {H}
i'm meeting {N} on {DAY}
follow up with {N} next week
please contact {N}
you can reach {N} at {D}
my manager is {N}
you can call me {F}
please call me {F}
everyone calls me {F}
i go by {F}
no, it's {F}, not {F}
it's {L}, {SPELL}
that's {F}, {SPELL}
{N}, {SPELL}
{N}
{N}.
{N} please
{F}
{L}
{F} {L}
uh {N}
um it's {N}
sure, {N}
sure it's {N}
yes, {N}
yeah {N}
of course, it's {N}
okay it's {N}
{N} and {D}
{N}, {DOB}
{N} {DOB}
{N}, date of birth {DOB}
{N} born {DOB}
{N}, {A}
{N}\\n{A}
{N}\\n{O}\\n{A}
{T} {N} {A}
{N}\\n\\n{A}\\n{D} office
{N}\\n{JOB}\\n\\nphone: {D}
is this {N}
am i speaking with {N}
am i speaking to {F}
may i speak to {N}
{F} {V}
{N} {V}
{N} and {N} {V}
{F} and {F} {V}
{F}, {F}, {F} and {F} {V}
there were four of them: {F}, {F}, {F} and {F}
we have {F}, {F} and {F} on the line
why is {F} so {ADJ}
why was {N} {ADJ}
where is {F}
who is {N}
have you met {N}
do you know {N}
did {F} call
is {F} {ADJ}
{F} is {ADJ}
{N} is {ADJ}
{F} was {ADJ} when {F} left
{N} was born in {C}
{N} lives at {A}
{F} lives in {C}
{F} moved to {A}
{F} gave {F} the address: {A}
{L} told {F} about it
{L} and {L} founded {O}
{O} was founded by {N} and {N}
our founders are {L}, {L} and {L}
{N} founded {O} in {C}
a company run by {N}
written by {N}
a book written by {N} in {Y}
the story was written by {L}
it was produced by {N}
a film made by {N} with {N} in it
the play was staged by {L} and had {N} in it
{N} sang it better
the version that {N} recorded is {ADJ}
the {N} version is {ADJ}
a {L} concert
the {L} song
the {L} family {V}
like the {L} book
{N} listed the best of {Y}
{N}'s house {V}
{F}'s car is {ADJ}
{F}'s sister {V}
{L}'s idea was {ADJ}
i am {F}'s mother
i'm {F}'s daughter
who are you? i'm {F}'s brother
{F}: {W}
{F}: {W}\\n{F}: {W}
{N}: {W}
said {N}
{N} told the paper that {W}
the producer {N} explained {W}
the singer {N} {V}
the singer {L} {V}
the witness {N} {V}
the witness was {N}
the defendant, {N}, {V}
the doctor on duty was {T} {L}
{T} {N} will see you at {H}
{T} {L} {V}
your appointment is with {T} {N}
{N} was convicted
the trial of {N} begins {DAY}
{N}, {JOB}, {V}
{JOB} {N} {V}
{F}, can you hear me
come on {F}
wait {F}, {W}
don't go, {F}
listen {F}, {W}
i miss you {F}
what do you think, {F}
you saved us, {F}
you know {F}, don't you
i think {F} was a fan of {N}
{F} will join at {H}
{F} will be there {DAY}
{N} works at {O}
{N} from {O} {V}
please correct the name to {N}
the name is wrong, it should be {N}
change my name to {N}
it's spelled wrong, i'm {N}
i changed my name from {N} to {N}
i got married, my name is {N} now
the claim was filed by {N}
my claim was handled by {T} {L}
patient {N} was admitted on {DAY}
signed, {N}
regards, {N}
kind regards\\n{N}
question: what's your name? answer: {N}
agent: who am i talking to? caller: {N}
bot: may i have your name? user: {N}
bot: name please user: {N}
i'm calling on behalf of {N}
i'm calling for my mother {N}
i'm calling about {N}'s prescription
the prescription is for {N}, {W}
it's a gift for {F}
happy birthday {F}
{F} {F} and {F}
{F}, {F}, {F}, {F} and {F}
the children are {F}, {F}, {F} and {F}
she has three sons: {F}, {F} and {F}
hi {F}, i have a problem with my account
hi {F} i'm writing to you about {W}
hi {F}, i'm calling because {W}
dear {F}, {W}
hey {N}, {W}
{W}, {F}
{W}, {F}!
{W}, {F}?
{F}, {W}
{F}, {W}?
{F}! {W}
ask {F}, {W}
it's about {N}
unlike the {L} story, it's {ADJ}
not the {L} one
a huge {N} fan
the biggest {L} fan
{L} was a huge fan of music
you can tell {F} {V}
you can tell that {L} {V}
{F} just has to leave
but {F} just {V}
and {L} {V}
then {N} {V}
when {F} was fourteen, {F} {V}
an album recorded by {N} and released in {Y}
released by {N} on their own label
composed by {L} and arranged by {N}
it was sung by {N}
arranged by {N}
directed by {N} and starring {N}, the film is {ADJ}
it is a {Y} film directed by {N}
a {Y} comedy directed by {N} and starring {L}
the screenplay by {L} is {ADJ}
the cover by {N} is better (not the one by {N})
this tune by ex-drummer {L} is {ADJ}
the late {N}
the great {N}
former mayor {N} {V}
senator {L} {V}
judge {L} {V}
captain {N} {V}
coach {L} {V}
attorney {N}
father {L}
sister {F}
uncle {F} and aunt {F}
grandma {F}
little {F} {V}
poor {F}
young {F} {V}
owner: {N}
owned by {N}
assigned to {N}
contact: {N}, {D}
ticket from {N}
contacts: {MAIL}; {N} {MAIL}
{N} {MAIL}
{N} <{MAIL}>
{N}, {JOB}\nphone: {D}\ne-mail: {MAIL}
{N} {JOB} personal info phone {D}
{N} {O} {A} {D} office {D} fax
{N}\n{O}\n{D} office\n{D} mobile
{T} {N}\n{O}
who's {F}? {W}
what did {F} say
what happened to {N}
is {N} still working there
where did {L} go
how did {F} {VERB} it
tell {F} {W}
give it to {F}
this is for {F} and {F}
with {F} and {F}
without {F}
for {N}
from {N}
by {N}
to {N}
{F} and i {V}
me and {F} {V}
{F} or {F}
either {F} or {F}
{F}'s
{F}'s appointment
{N}'s account
cancel {F}'s appointment
{N}'s killers were found
the murder of {N}
{N}'s album is {ADJ}
answer: "{W}" by {N}
the {N} award
"{W}", said {N} in an interview
{N} explained to the paper: "{W}"
{L} had an idea
brainchild of {N}
brainchild of our founders: {L}, {L} and {L}
three founders {L} {L} and {L}
"""
ADDRESSES = """
{A}
it's {A}
my address is {A}
my new address is {A}
the address is {A}
yeah it's {A}
sure, {A}
i live at {A}
i live on {A}
we live at {A}
i moved to {A}
i moved, my new address is {A}
i'm at {A}
we're at {A}
pick me up at {A}
i need a ride from {A}
i need a taxi from {A} to {A}
take me to {A}
drop me off at {A}
the bus leaves from {A}
the driver will drop you at {A}
meet me at {A}
i'll see you at {A} after the show
i'll be waiting at {A} at {H}
deliver it to {A}
deliver to {A} please
ship it to {A}
send it to {A}
send the new card to {A}
send a replacement to {A}, i'm travelling
please send the parts to {A}
mail it to {A}
please change my address to {A}
update my billing address to {A}
my billing address is {A}
billing address: {A}
billing address: {N}\\n {A}
shipping address {A}
address: {A}
address:\\n{A}
home address {A}
the address of {O} is {A}
the office of {O} is at {A}
{O} has its office at {A}
our office is at {A}
our shop is at {A}
we are located at {A}
you will find us at {A}
visit us at {A}
the clinic is at {A}
the accident happened at {A}
there's a fire at {A}
there is a leak at {A}
the property at {A} {V}
the house at {A} is for sale
i used to live at {A}
my mother lives at {A}
is it {A}
i have you at {A}, is that right
i have your address as {A}
can you confirm it's {A}
user: {A}
bot: where should we send it? user: {A}
where to? {A}
{N}, {A}
{N} {A}
name {N} address {A}
name: {N}\\naddress: {A}
{N} lives at {A}
we met on {ST}
the pub is on {ST} next to the bank
they played in the clubs on {ST}
it refers to {NO} {ST} in {C}
i live near {ST}
the corner of {ST} and {ST}
at the corner of {ST} and {ST}
it's on the corner of {NO} {ST} and {ST}
please update this card's address to {A} for card {CARD}
card {CARD} was stolen, send another one to {A}
i'm at {A} and my number is {D}
my zip is {ZIP} and i live at {A}
"""
# Nothing of anybody's.
PLAIN = """
can i speak to a manager
can i speak to a person
can i speak to someone in billing
let me talk to a human please
i want to speak to your supervisor
connect me to an agent
is there anyone else i can talk to
can you transfer me to customer service
i'm calling about my order
i'm calling about {PROD}
i'm looking for {PROD}
i'm interested in {PROD}
i'm good thanks
i'm fine, how are you
i'm not sure
i'm sorry
i'm here
i'm on hold
i'm {ADJ}
i am {ADJ}
i'm a {JOB}
i am a {JOB} from {C}
i'm in {C}
i'm from {C}
i live in {C}
i'm from {C} and i'm {ADJ}
i'm okay with that
i am okay with it
this is {ADJ}
this is not what i ordered
this is about my bill
this is for {DAY}
this is a gift
is this {ADJ}
it's {ADJ}
it's {PROD}
it's under warranty
it's under the bed
it's for {DAY}
it's {DAY}
that's {ADJ}
that is {ADJ}
that sounds good to me
sounds good
that works for me
that works
that'll be all
that is all thank you
no that's all
yes please
no thank you
nope that's it
sure that is fine
sure go ahead
okay
one moment please
hold on a second
let me check
let me see
i don't know
i don't have one
i don't remember
i forgot
why do you need that
why do you need my name
what do you need my name for
i'd rather not say
i'd rather not give my name
do i have to tell you
none of your business
what was the question
can you repeat that
could you say that again
sorry what
say it again please
go on tell me more
is there anything else
anything else you need
anything else like that
what else do you have
do you have anything cheaper
do you have another one
how much is it
how much does it cost
what's the price
what's the address
what's their phone number
may i have their phone number please
what is their address
what is the phone number of the {PLACE}
do they take reservations
do they {VERB}
do you {VERB}
can you {VERB} it
where is it
where are they located
what time do they open
when do you close
what are your hours
book it
reserve it for me
cancel it
make it {DAY} instead
how about {DAY}
i want it for next {DAY}
for {DAY} please
at {H}
around {H} would be great
a table for {SMALL} at {H}
i need a table for {SMALL} people on {DAY}
{SMALL} tickets please
{SMALL} adults and {SMALL} kids
i need {SMALL} rooms
i need a place with {SMALL} beds and {SMALL} baths
i want a house with {SMALL} bedrooms in {C}
i'm looking for an apartment in {C}
i need {SMALL} bedrooms and {SMALL} baths
i have {SMALL} dogs with me
unit {SMALL} of the book
floor {SMALL} please
room {NO}
play {SONG}
play {SONG} by {ART}
play something by {ART}
play some {ART}
can you play {ART}
put on {ART}
put on some music by {ART}
i want to hear {ART}
i'd like to listen to {ART}
i want to listen to {SONG} by {ART}
do you have anything by {ART}
find me songs by {ART}
i like {ART}
i love {ART}'s music
is there a {ART} concert in {C}
when is {ART} coming to {C}
are there tickets for {ART}
i want tickets to see {ART}
find me a {ART} show in {C}
i'd like to watch {FILM}
i want to see {FILM}
show me movies with {ART}
something directed by {ART}
find movies directed by {ART}
a movie starring {ART}
who directed {FILM}
is {FILM} playing in {C}
{SMALL} tickets for {FILM} at {H}
{FILM} starts at {H}
{FILM} sounds good
the movie {FILM} is {ADJ}
i'd like to see {FILM} at {CINEMA}
what's playing at {CINEMA}
is it playing at {CINEMA} tonight
{CINEMA} is close to my house
yes, {CINEMA}
no i wanted {CINEMA}
are there tickets at {CINEMA} in {C}
directions to {C}
give me directions to {C}
how do i get to {PLACE}
how far is {C}
how far is it from {C} to {C}
navigate to {PLACE}
take me to {PLACE}
take me to the airport
i need a cab to {PLACE}
i need a ride to {PLACE}
a bus from {C} to {C}
a flight from {C} to {C}
i need to fly from {C} to {C} on {DAY}
flights to {C}
i want to fly with {AIR}
is it {AIR}
book me on {AIR}
i'm flying to {C} on {DAY} with {AIR}
a train to {C} at {H}
a hotel in {C}
a hotel near {PLACE}
book a room at {HOTEL}
i'd like to stay at {HOTEL}
does {HOTEL} have wifi
a rental car in {C}
pick up in {C}
what's the weather in {C}
what's the weather like in {C} on {DAY}
is it raining in {C}
i'm going to {C}
i want to visit {C}
what is there to do in {C}
what time is it in {C}
i'm moving to {C}
find me a restaurant in {C}
find {FOOD} in {C}
i'd like {FOOD}
i want {FOOD}
a {FOOD} place in {C}
is {REST} open on {DAY}
book a table at {REST}
a table at {REST} for {SMALL} at {H}
how about {REST}
i prefer {REST}
{REST} please
does {REST} have {FOOD}
{REST} in {C} sounds good
i want to order {FOOD} from {REST}
can i get a {DRINK}
i'd like a {DRINK} with oat milk
a {DRINK} please
i'd like {SMALL} {DRINK}s
order {FOOD} and a {DRINK}
i bought a {CAR}
i drive a {CAR}
i have a {Y} {CAR}
my {CAR} won't start
i want to rent a {CAR}
my {BRAND} {THING} is broken
i bought it at {SHOP}
i have a {BRAND} {THING}
does it work with {BRAND}
i want to return my {BRAND} {THING}
do you sell {BRAND}
i have a {BANK} card
i bank with {BANK}
transfer it from {BANK}
my {BANK} account
what is {BANK}'s routing number
i work for {O}
{O} sent me a letter
i'm calling from {O}
this is {O} calling
is this {O}
thank you for calling {O}
thank you for calling {O}. {W}
welcome to {O}
{O} has offices in {C}
{O} was founded in {Y}
the {O} website is down
how do you say hello in {LANG}
translate thank you into {LANG}
do you speak {LANG}
i speak {LANG}
spell {WORD}
what does {WORD} mean
what is {WORD}
tell me about {C}
tell me about {ART}
who is the president of {C}
how old is {ART}
i read {FILM}
in {Y} i was in {C}
the {Y} {CAR} is {ADJ}
the hospital in {C}
the {PLACE} in {C}
meet me at {PLACE}
i'm at {PLACE}
i left it at {PLACE}
will you {VERB} it
may i {VERB} it
can you mark it as read
i will {VERB} it in may
i hope it works
grace period
i have faith in you
the {AMB} is {ADJ}
a {AMB} for the {WORD}
in {AMB}
{AMB} it
i like {AMB}
the bill is {ADJ}
my bill is too high
pay my bill
the rose garden
it's frank
to be frank it's {ADJ}
pat it dry
a rich sauce
sue them
i'll chase it up
drew a line
jack of the headphones
a mark on the screen
art gallery in {C}
the guy said {W}
don't {VERB} it
i can't {VERB}
my dear
oh dear
sir
thank you sir
yes sir
no ma'am
hi there
hello there, how may i help you
hello?
good morning
good evening, {W}
are you there
are you a robot
what's your name
do you have a name
who are you
who am i speaking with
how can i help you today
may i have your name please
can i have your name and number
could you spell that
what's the name of the {PLACE}
what name is it under
i don't have a name for it
the name of the place is {REST}
i'd like {SMALL} tickets at {CINEMA}
{FILM} is playing at {CINEMA}
{FILM} is playing at both {CINEMA} and {CINEMA} in {C}
i think i want to go to {CINEMA}
i'd prefer {CINEMA}, it's close to my place
{CINEMA} it is
the theater is {CINEMA}
there is a theater called {CINEMA}
i'll go with {CINEMA}. it's closer
would you like {CINEMA} or {CINEMA}
i found {FILM} at {H} at {CINEMA}, will this work
in {C}, {CC} i recommend {CINEMA}
two theaters near you: {CINEMA} and {CINEMA}
at {CINEMA} tonight at {H}, is that all
{CINEMA} in {C}, {CC}
{SMALL} tickets for {FILM} at {CINEMA} at {H}
show times for {FILM} are {H}, {H} and {H}
movies are {FILM}, {FILM}, {FILM}, and {FILM}
for these genres the films are {FILM}, {FILM}, {FILM} and {FILM}
{FILM}, {FILM}, {FILM} and {FILM}
a {SMALL}:{SMALL}0 showing of {FILM} at {CINEMA}
show times for {FILM} are {H}, {H}, and for {FILM} {H}
the movies are {FILM}, {FILM}, {FILM} and {FILM}
{FILM}, {FILM} and {FILM} are available
{FILM} has {SMALL} stars and {FILM} is rated r
i want to see {ART} live in {C}
i want to watch a movie directed by {ANY}
find me a film directed by {ANY} and starring {ANY}
i'd like a drama directed by {ANY} with {ANY} in it
can you find something directed by {ANY}
i want to watch something with {ANY} in it
i usually like films by {ANY}, can you find one
i'm searching for a film with {ANY}
show me movies starring {ANY}
find an {ANY} movie to watch
is there anything starring {ANY}
i'd like to find a movie to watch with {ANY}
find movies with {ANY} and {ANY}
play a song by {ANY}
play some songs by {ANY}
i want to listen to a song by {ANY}
play {SONG} by {ANY} from the album {FILM}
can you find me a song by {ANY}
i like the album by {ANY}
i want tickets to see {ANY}
{SMALL} tickets for the {ANY} concert please
find me a concert of {ANY}
i'd like to see the {ANY} show in {C}
i'm looking for a song by {ANY}
can you recommend an album by {ANY}
can i get a therapist in the {C} area
a salon in {C}
{C} and a {JOB}
a {JOB} in {C}
i'd like a {JOB} in the {C} area
the phone number for {REST}
{TEAM} vs {TEAM}
a {TEAM} vs {TEAM} game on {DAY}
{SMALL} tickets for {TEAM} vs {TEAM}
{TEAM} sports events
find me a {TEAM} game in {C}
the event is called {FILM}
look in {C}, {CC}
in {C}, {CC}
something in {C}, {CC} is fine
find me something in {C}, {CC}
i'd like to pick it up from {C}, {CC}
the weather in {C}, {CC}
i'm leaving {C} on {DAY} and will be back on {DAY}
i leave {C} on {DAY}
i'm departing {C} at {H}
leaving from {C}
headed to {C} on {DAY}
a bus to {C} on {DAY}
it is {C}
it's {C}
my city is {C}
i'm flying {C} to {C}
book {REST}
can you look at {REST} in {C}
i need the phone number for {REST}
how about {HOTEL} in {C}
i want to stay at {HOTEL} in {C}, {CC}
a doctor in {C}
i want a dentist in {C}
my email is {MAIL}
it's {MAIL}
{MAIL}
email {MAIL} please
write to {MAIL} on {DAY}
go to {URL}
see {URL}
the server is {IP}
my password is {WORD}{NO}
{PRODUCT}
the {PRODUCT} is {ADJ}
one {PRODUCT} and {SMALL} {PRODUCT}
add {PRODUCT} to the cart
the {WORD} {NO} is {ADJ}
{FIELD}: {VALUE}
{FIELD}: {VALUE}
{FIELD}: {VALUE}, {FIELD}: {VALUE}
{FIELD}: {VALUE}
{FIELD} {VALUE}
see {CODE}
see {CODE} {NO}
{CODE} {NO} is {ADJ}
{CODE}
{CODE} {CODE}
build {CODE} is {ADJ}
id {CODE}
the model is {CODE}
part {CODE}
flight {CODE} to {C}
gate {CODE} at {H}
i have {CODE}
my order is {CODE}
{CODE} ships {DAY}
starts at {H} utc
it's at {H} eastern
the event starts at {SMALL}:30:45 utc
chapter {SMALL} of {FILM}
{BRAND} {SMALL}
windows {NO}
route {SMALL}
{WORD} {SMALL} and {WORD} {SMALL}
{SMALL} {WORD}
{SMALL} {WORD} and {SMALL} {WORD}
{NO} {WORD} {WORD}
it should be {SMALL} bedrooms, {SMALL} bath apartment
a {SMALL} bedroom apartment in {C}
a {SMALL} star hotel in {C}
is it a cheap place
it is on {DAY} at {H} in {C}
there are {SMALL} of us
{W}, {W}. that's all, bye
geez, {W}
aright, {W}
name a good {FOOD} place
it is called {REST}
the restaurant is called {REST}
the song is called {SONG}
the movie is called {FILM}
my card number is {CARD}
card {CARD}
my number is {D}
call me at {D}
call me back at {D}
call me later
call me when it's done
call me a cab
text me at {D}
my account number is {NO}
order number {NO}
order {NO} {V}
invoice {NO}
flight {NO}
my zip is {ZIP}
it's {MONEY}
that's {MONEY} in total
i owe {MONEY}
transfer {MONEY} to savings
{MONEY} from checking to savings
version {NO} of {BRAND}
press {SMALL} for sales
count {SMALL}
{SMALL}
{NO}
born {DOB}
my birthday is {DOB}
{DOB}
the meeting is on {DOB}
from {DAY} to {DAY}
every {DAY} at {H}
wake me up at {H}
set an alarm for {H}
set a timer for {SMALL} minutes
at {H} on {DAY}
no not {DAY}, {DAY}
i'm allergic to {WORD}
i take {WORD} every day
i have a problem with {WORD}
my {WORD} is broken
the {WORD} is {ADJ}
{WORD} and {WORD}
i need {WORD}
we use {WORD} for that
i want to buy {WORD}
do you have {WORD}
can i get {WORD}
is {WORD} included
how do i use {WORD}
i love {WORD}
please add {WORD} to my list
i'm studying {WORD}
the report from {O} is {ADJ}
on {DAY} {O} {V}
{C} is {ADJ}
in {C} it is {ADJ}
{C}
{C}, {C}
{C} please
from {C}
in {C} please
from {C}, and to {C}
{FOOD}
{REST}
{ART}
{SONG}
{FILM}
{BRAND}
{O}
{PLACE}
{DAY}
{ADJ}
{PROD}
{W}
{W}. {W}
{V}
"""
# In answer to "what's your name" and "what's your address".
NAMES_ASKED = ["PERSON"]
WHAT = """
i need some help with my account;i'm calling about my bill;i'd like to book a table;my internet is down
can you help me;i want to cancel;i lost my card;could you call me back;it's about the delivery
how are you today;what can i do for you;i need to change my flight;nice to meet you;i have a question
please hold the line;we'll be right back;i told you already;where have you been;you can't be serious
the parcel never came;i never got the refund;it doesn't work any more;we talked about this yesterday
i'd like to check my balance;is there anything else i can help you with;what does it say
let me pull up your account;your order is on its way;everything is set for tomorrow
""".strip().replace("\n", ";").split(";")  # fmt: skip
VERBS = """
called yesterday;will come tomorrow;can't make it;is waiting outside;has moved;wants to talk to you
left a message;paid the bill;booked the room;is a good listener;was there too;likes it a lot;went home
did not say anything;hired a lawyer;lost the keys;wrote a song about it;won the prize in nineteen ninety
is on the phone;needs a new card;has the flu;signed the form;drove the car;forgot the password
never came back;used to work there;will be fourteen in may;sold everything;got sick last week
was influenced by an older song;sent me a letter;is sentenced to life in prison;has been arrested
""".strip().replace("\n", ";").split(";")  # fmt: skip
ADJECTIVES = """
good;great;fine;perfect;sad;impulsive;too late;too expensive;broken;wrong;correct;right;very nice;angry
confused;happy;amazing;boring;funny;tall;not working;ready;busy;okay;awesome;the best;early;interested
worried;retired;a mess;beautiful;cheap;frustrated;done;outside;free tonight;lovely;a joke;married;sick
""".strip().replace("\n", ";").split(";")  # fmt: skip
TEAMS = """
mets;braves;yankees;red sox;cubs;giants;dodgers;lakers;warriors;celtics;bulls;spurs;arsenal;chelsea;liverpool
rams;eagles;patriots;cowboys;stanford;duke;bears;astros;orioles;padres;sharks;raptors;galaxy;real salt lake
""".strip().replace("\n", ";").split(";")  # fmt: skip
PARTS = """
uk;usa;england;scotland;france;ca;ny;tx;germany;italy;canada;california;texas;fl;wa;australia;india;georgia
virginia;washington;north carolina;oregon;japan;spain;ireland;d.c.;il;oh
""".strip().replace("\n", ";").split(";")  # fmt: skip
# Of what tools give back, and what may stand in it.
FIELDS = """
status;event;type;title;product;city;state;color;brand;item;model;plan;department;role;level;currency;method
action;tool;reason;topic;language;country;region;category;format;source;carrier;priority;unit;result;message
description;name of product;step;mode;label;tag;channel;voice;theme;size;kind;task;intent;tool name;job
""".strip().replace("\n", ";").split(";")  # fmt: skip
AMBIGUOUS = """
mark;grace;will;rose;bill;hope;frank;jack;dawn;faith;joy;art;pat;sue;rob;chase;hunter;summer;april;june;may
olive;ruby;pearl;amber;ivy;daisy;lily;iris;violet;crystal;destiny;charity;miles;grant;drew;guy;dean;page
""".strip().replace("\n", ";").split(";")  # fmt: skip
JOBS = """
teacher;nurse;plumber;lawyer;student;librarian;bus driver;accountant;engineer;salesperson;cook;dentist
software developer;clerk;doctor;photographer;electrician;manager;director;founder;vice president;guitarist
""".strip().replace("\n", ";").split(";")  # fmt: skip
THINGS = "laptop;phone;tv;vacuum;printer;fridge;watch;router;headphones;tablet;dishwasher".split(";")
PRODUCTS = """
a new phone;the red shoes;a haircut;a massage;a refund;an apartment;a two bedroom;a cheap hotel;insurance
a credit card;a savings account;a loan;the blue one;a doctor;a dentist near me;a ride;a movie;an event
a one way ticket;economy class;a bus ticket;the gluten free menu;a used car;a family room;the invoice
a hair salon;an unisex salon;a gynecologist;a therapist;something cheaper;a sports event;live music
""".strip().replace("\n", ";").split(";")  # fmt: skip
ARTISTS = """
taylor swift;ed sheeran;adele;drake;rihanna;the beatles;coldplay;queen;beyonce;bruno mars;lady gaga
michael jackson;madonna;elton john;david bowie;billie eilish;ariana grande;justin bieber;kanye west;eminem
shakira;bob dylan;bob marley;johnny cash;dolly parton;frank sinatra;ella fitzgerald;miles davis;mozart
beethoven;bach;pink floyd;led zeppelin;metallica;nirvana;radiohead;maroon five;imagine dragons;abba;u2
katy perry;sam smith;harry styles;post malone;the weeknd;selena gomez;miley cyrus;dua lipa;bad bunny
tom hanks;brad pitt;meryl streep;steven spielberg;quentin tarantino;christopher nolan;martin scorsese
leonardo dicaprio;scarlett johansson;johnny depp;julia roberts;denzel washington;will smith;morgan freeman
woody allen;clint eastwood;james cameron;robert de niro;al pacino;nicole kidman;angelina jolie;emma stone
ryan gosling;tom cruise;jennifer lawrence;stephen king;shakespeare;jane austen;mark twain;agatha christie
abraham lincoln;george washington;barack obama;donald trump;joe biden;albert einstein;isaac newton
elon musk;bill gates;oprah winfrey;michael jordan;serena williams;lionel messi;lebron james;tiger woods
post animal;pearl jam;fleetwood mac;the rolling stones;guns n roses;green day;linkin park;daft punk
""".strip().replace("\n", ";").split(";")  # fmt: skip
BRANDS = """
apple;samsung;sony;microsoft;google;amazon;netflix;spotify;hp;dell;lenovo;bosch;dyson;canon;nikon;nintendo
playstation;xbox;lg;philips;nike;adidas;ikea;lego;bose;garmin;fitbit;roku;alexa;siri;echo;macbook;iphone
""".strip().replace("\n", ";").split(";")  # fmt: skip
BANKS = """
chase;wells fargo;bank of america;citi;capital one;discover;american express;visa;mastercard;barclays
hsbc;lloyds;santander;td bank;us bank;pnc;ally;schwab;fidelity;vanguard;paypal;venmo;zelle
""".strip().replace("\n", ";").split(";")  # fmt: skip
SHOPS = """
walmart;target;best buy;costco;home depot;walgreens;cvs;macy's;whole foods;trader joe's;safeway;kroger;tesco
""".strip().replace("\n", ";").split(";")  # fmt: skip
CARS = """
honda civic;toyota camry;ford focus;chevy malibu;tesla model three;bmw;audi;nissan altima;hyundai;kia soul
jeep cherokee;subaru outback;volkswagen golf;mercedes;mazda;ford mustang;lincoln town car;hatchback;sedan
""".strip().replace("\n", ";").split(";")  # fmt: skip
AIRLINES = """
delta;united airlines;american airlines;southwest;jetblue;alaska airlines;lufthansa;british airways;ryanair
air france;emirates;qatar;hawaiian airlines;spirit;frontier;klm;qantas;air canada
""".strip().replace("\n", ";").split(";")  # fmt: skip
FOODS = """
sushi;pizza;tacos;ramen;biryani;tandoori chicken;pad thai;lasagna;burritos;falafel;hummus;paella;pho;kebab
chow mein;dim sum;gyros;tiramisu;croissants;enchiladas;italian food;chinese;mexican;indian;thai;japanese
korean;greek;vietnamese;burgers;barbecue;seafood;vegan food;caesar salad;caprese;pepperoni pizza;gelato
""".strip().replace("\n", ";").split(";")  # fmt: skip
DRINKS = """
latte;cappuccino;macchiato;cortado;mocha;americano;frappuccino;chai;earl grey;matcha;espresso;margarita
mojito;martini;merlot;chardonnay;coke;sprite;pepsi;lemonade;shirley temple;bloody mary;arnold palmer
""".strip().replace("\n", ";").split(";")  # fmt: skip
PLACES = """
the airport;the hospital;the mall;the train station;central park;times square;the golden gate bridge
the white house;union station;penn station;jfk;lax;heathrow;the museum of modern art;disneyland;the zoo
yosemite;the grand canyon;the space needle;wrigley field;madison square garden;the lincoln memorial
washington monument;st john's hospital;st mary's church;lincoln high school;the downtown library
kennedy airport;the george washington bridge;martin luther king boulevard;mount everest;walt disney world
""".strip().replace("\n", ";").split(";")  # fmt: skip
COLLOQUIAL = """
gonna wanna gotta kinda dunno lemme gimme ok okay yeah yep nope uh um hmm hey hi hello wow oops thanks thx
pls covid app apps wifi email online website login pin atm cvv ssn iban dob zip tv dvd cd pc usb gps sms gb
mb kb mph kg km iphone android cannot dont doesnt didnt wont cant isnt arent wasnt im ive id ill youre youve
youll theyre theres thats whats wheres hows lets its hes shes weve were theyve mr mrs ms dr ma'am sir maam
yup nah huh aha ah oh er erm mhm alright anyways asap btw faq id ids info reps rep specialist apt ste blvd
january february march april may june july august september october november december monday tuesday
wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays saturdays sundays
christmas easter halloween thanksgiving hanukkah ramadan english french german spanish italian chinese
japanese korean indian mexican american british canadian european african asian thai greek turkish arabic
hindi portuguese russian dutch swedish norwegian danish finnish polish vietnamese swahili latin covid19
unisex checkin checkout signup setup logout username voicemail ringtone playlist playlists selfie emoji
livestream podcast blog vlog online offline wheelchair gluten vegan keto paleo airbnb uber lyft taxi cabs
dreadlocks balayage gynecologist ophthalmologist dermatologist orthodontist pediatrician psychiatrist
psychologist therapist cardiologist nonstop roundtrip layover stopover carryon upgrade economy premium
won isn doesn didn wasn couldn wouldn shouldn haven hasn weren aren ain hadn
lol omg fyi rsvp eta ceo cfo hr vip diy
""".split()


class Maker:
    """Fills templates.

    Args:
        lists: Names, towns, streets and words to choose from.
        seed: Of the choices.
    """

    def __init__(self, lists: Mapping[str, Sequence], seed: int) -> None:
        self.lists = lists
        self.choose = random.Random(seed)
        self.people = PEOPLE.strip().split("\n")
        self.addresses = ADDRESSES.strip().split("\n")
        self.plain = PLAIN.strip().split("\n")
        pick = self._pick
        self.slots: dict[str, Callable[[], str]] = {
            "W": lambda: self.choose.choice(WHAT),
            "V": lambda: self.choose.choice(VERBS),
            "ADJ": lambda: self.choose.choice(ADJECTIVES),
            "JOB": lambda: self.choose.choice(JOBS),
            "THING": lambda: self.choose.choice(THINGS),
            "PROD": lambda: self.choose.choice(PRODUCTS),
            "BRAND": lambda: self.choose.choice(BRANDS).title(),
            "BANK": lambda: self.choose.choice(BANKS).title(),
            "SHOP": lambda: self.choose.choice(SHOPS).title(),
            "CAR": lambda: self.choose.choice(CARS).title(),
            "AIR": lambda: self.choose.choice(AIRLINES).title(),
            "FOOD": lambda: self.choose.choice(FOODS),
            "DRINK": lambda: self.choose.choice(DRINKS),
            "PLACE": lambda: self.choose.choice(PLACES),
            "TEAM": lambda: self.choose.choice(TEAMS).title(),
            "CC": lambda: self._part(),
            "AMB": lambda: self.choose.choice(AMBIGUOUS),
            "FIELD": lambda: self.choose.choice(FIELDS),
            "VALUE": lambda: self._value(),
            "MAIL": lambda: self._mail(),
            "URL": lambda: f"www.{self._pick('words')}{self._pick('words')}.com",
            "IP": lambda: self.choose.choice(
                ["10.0.0.1", "fe80::1", "192.168.4.20", "2001:db8::fe", "00:1b:fe:aa:bb:cc"]
            ),
            "PRODUCT": lambda: f"{self._pick('words')} {self._pick('words')}".title(),
            "CODE": lambda: self._code(),
            "T": lambda: self.choose.choice(
                "Mr.;Mrs.;Ms.;Dr.;Dr;Mr;Miss;Doctor;Professor".split(";")
            ),
            "C": lambda: self._town(),
            "O": lambda: self._company(),
            "ART": lambda: self._artist(),
            "SONG": lambda: self._title(),
            "FILM": lambda: self._title(),
            "REST": lambda: self._restaurant(),
            "HOTEL": lambda: self._hotel(),
            "CINEMA": lambda: self._cinema(),
            "WORD": lambda: pick("words"),
            "VERB": lambda: self.choose.choice(
                "take;send;cancel;check;hold;fix;open;book;pay;change;have".split(";")
            ),
            "LANG": lambda: self.choose.choice(
                "Spanish;French;German;Italian;Swahili;Finnish;Hindi".split(";")
            ),
            "DAY": lambda: self.choose.choice(
                "Monday;Tuesday;Friday;Saturday;Sunday;tomorrow;today;next week;the 5th;March 3rd;"
                "June 12th;the 21st of April;August 1st;next month;May 4th;tonight".split(";")
            ),
            "H": lambda: self.choose.choice(
                f"{self.choose.randint(1, 12)} pm;{self.choose.randint(1, 12)}:30;noon;"
                f"{self.choose.randint(1, 12)}:15 am;{self.choose.randint(1, 12)} o'clock".split(";")
            ),
            "SMALL": lambda: str(self.choose.randint(1, 12)),
            "NO": lambda: self._digits(self.choose.randint(2, 7)),
            "Y": lambda: str(self.choose.randint(1900, 2026)),
            "D": lambda: self.choose.choice(
                [
                    f"{self._digits(3)}-{self._digits(3)}-{self._digits(4)}",
                    f"({self._digits(3)}) {self._digits(3)} {self._digits(4)}",
                    f"+{self._digits(2)} {self._digits(9)}",
                    f"{self._digits(3)} {self._digits(4)}",
                ]
            ),
            "CARD": lambda: self._digits(16),
            "ZIP": lambda: self._digits(5),
            "MONEY": lambda: self.choose.choice(
                [f"${self._digits(2)}", f"{self._digits(3)} dollars", f"{self._digits(2)}.50"]
            ),
            "DOB": lambda: self.choose.choice(
                [
                    f"March {self.choose.randint(1, 30)}, 19{self._digits(2)}",
                    f"{self.choose.randint(1, 12)}/{self.choose.randint(1, 28)}/{self._digits(2)}",
                    f"the {self.choose.randint(4, 19)}th of July 19{self._digits(2)}",
                ]
            ),
            "SPELL": lambda: "-".join(self._pick("last")[:6].upper()),
            "N": lambda: self._name(),
            "ANY": lambda: f"{self._first()} {self._last()}",
            "F": lambda: self._first(),
            "L": lambda: self._last(),
            "A": lambda: self._address(),
            "ST": lambda: self._street(),
        }

    def _pick(self, name: str) -> str:
        return self.choose.choice(self.lists[name])

    def _digits(self, count: int) -> str:
        return str(self.choose.randint(1, 9)) + "".join(
            str(self.choose.randint(0, 9)) for _ in range(count - 1)
        )

    def _first(self) -> str:
        kind = self.choose.random()
        return self._pick("first_common" if kind < 0.35 else "first" if kind < 0.6 else "first_all")

    def _last(self) -> str:
        kind = self.choose.random()
        last = self._pick("last_common" if kind < 0.3 else "last" if kind < 0.5 else "last_all")
        if self.choose.random() < 0.03:
            last += "-" + self._pick("last")
        return last

    def _name(self) -> str:
        kind = self.choose.random()
        if kind < 0.12:
            return self._first()
        if kind < 0.18:
            return self._last()
        if kind < 0.25:
            middle = self.choose.choice("ABCDEFGHJKLMNPRSTW") + self.choose.choice([".", ""])
            return f"{self._first()} {middle} {self._last()}"
        if kind < 0.30:
            return f"{self._first()} {self._first()} {self._last()}"
        if kind < 0.33:
            between = self.choose.choice("de la;van der;van;von;de;al;bin;da;del;di".split(";"))
            return f"{self._first()} {between} {self._last()}"
        if kind < 0.35:
            return f"{self._first()} {self._last()} {self.choose.choice('Jr.;Sr.;III'.split(';'))}"
        return f"{self._first()} {self._last()}"

    def _town(self) -> str:
        return self._pick("towns" if self.choose.random() < 0.8 else "countries")

    def _part(self) -> str:
        part = self.choose.choice(PARTS)
        return part.upper() if len(part) < 4 or "." in part else part.title()

    def _value(self) -> str:
        kind = self.choose.random()
        if kind < 0.4:
            return self.choose.choice(AMBIGUOUS)
        if kind < 0.7:
            return self._pick("words")
        return self.choose.choice(
            [self._town(), self._title(), self._code(), self.choose.choice(BRANDS).title()]
        )

    def _mail(self) -> str:
        user = self.choose.choice(
            [self._pick("first"), self._pick("first") + self._digits(2), self._pick("words")]
        )
        if self.choose.random() < 0.4:
            user += self.choose.choice(["dot ", ".", " dot ", "_"]) + self._pick("last")
        at, dot = self.choose.choice([("@", "."), (" at ", " dot "), (" at ", " dot "), ("@ ", " . ")])
        host = self.choose.choice(["gmail", "example", "yahoo", self._pick("words")])
        return f"{user}{at}{host}{dot}{self.choose.choice(['com', 'org', 'net', 'co', 'io'])}"

    def _code(self) -> str:
        letters = "".join(self.choose.choice("ABCDEFGHKLMNPRSTUVWXYZ") for _ in range(3))
        letters = self.choose.choice([letters, letters[:1], letters[:2], "RFC", "ISO", "v", "0x"])
        middle = self.choose.choice(["", "-", " "])
        return letters + middle + self._digits(self.choose.randint(1, 5)) + self.choose.choice(
            ["", "", letters[:1], "-" + letters]
        )

    def _company(self) -> str:
        kind = self.choose.random()
        if kind < 0.2:
            return f"{self._pick('last')} {self.choose.choice('Inc;LLC;Ltd.;Group;and Sons;Bank;Dental;Motors;Insurance'.split(';'))}"
        if kind < 0.4:
            return f"{self._pick('last')}-{self._pick('last')}"
        if kind < 0.6:
            return f"{self._pick('words').title()} {self.choose.choice('Software;Solutions;Health;Airlines;Energy;Foods;Bank'.split(';'))}"
        if kind < 0.8:
            return (self._pick("words") + self._pick("words")).title()
        if kind < 0.9:
            return f"{self._pick('towns')} {self.choose.choice('Clinic;Hospital;Bank;University;Dental'.split(';'))}"
        return self.choose.choice(BANKS + BRANDS + SHOPS).title()

    def _artist(self) -> str:
        return self.choose.choice(ARTISTS).title()

    def _title(self) -> str:
        words = [self._pick("words") for _ in range(self.choose.randint(1, 3))]
        if self.choose.random() < 0.25:
            # As many are called for somebody, or by a word of their own.
            words[-1] = self._pick(self.choose.choice(["first", "last", "foreign"]))
            if self.choose.random() < 0.3:
                words.append(f": the {self._pick('words')} {self._pick('words')}")
        lead = self.choose.choice(["", "", "the ", "my ", "beyond the ", "no ", "in the "])
        return (lead + " ".join(words)).replace(" :", ":").title()

    def _restaurant(self) -> str:
        kind = self.choose.random()
        if kind < 0.25:
            return f"{self._pick('first')}'s {self.choose.choice('Pizza;Diner;Grill;Kitchen;Cafe;Bar'.split(';'))}"
        if kind < 0.4:
            return f"{self._pick('last')}'s {self.choose.choice('Steakhouse;Bistro;Bakery;Seafood'.split(';'))}"
        if kind < 0.6:
            return f"{self._pick('words')} {self.choose.choice('house;garden;grill;cafe;tavern'.split(';'))}".title()
        if kind < 0.8:
            return f"{self.choose.choice('La;El;Il;Le;Los'.split(';'))} {self._pick('foreign').title()}"
        return self.choose.choice(
            "McDonald's;Burger King;Taco Bell;Domino's;Olive Garden;Denny's;Wendy's;Starbucks;Chipotle;"
            "Subway;Papa John's;Panda Express;Applebee's;Red Lobster;Sakura Sushi;Taj Mahal".split(";")
        )

    def _hotel(self) -> str:
        return self.choose.choice(
            "the Hilton;the Marriott;Holiday Inn;the Hyatt Regency;Best Western;the Ritz-Carlton;"
            "Motel 6;Days Inn;the Sheraton;Premier Inn;Four Seasons;the Westin".split(";")
        )

    def _cinema(self) -> str:
        brands = "AMC;AMC;Cinemark;Regal;Century;Odeon;Pacific;Vue;the;Showcase;IMAX".split(";")
        kind = self.choose.random()
        lead = self.choose.choice(brands) + " " if kind < 0.75 else ""
        where = " ".join(
            self.choose.choice(
                [
                    self._pick("towns"),
                    self._pick("towns_all"),
                    self._pick("words").title(),
                    self._pick("street_words").title(),
                    self._pick("last"),
                ]
            )
            for _ in range(self.choose.choice([0, 1, 1, 2]))
        )
        kinds = "Plaza;Mountain;Downtown;Boulevard;Square;Center;Bay;Road;Street;Place;Park;Cinema"
        where += " " + self.choose.choice([*kinds.split(";"), "", ""])
        number = self.choose.choice(["", f" {self.choose.randint(4, 30)}"])
        tail = self.choose.choice(["", "", "", " Cinemas", " Theater", " IMAX"])
        return " ".join((lead + where + number + tail).split()) or "AMC 12"

    def _street(self) -> str:
        kind = self.choose.random()
        if kind < 0.45:
            name = self._pick(self.choose.choice(["last", "first", "towns"]))
            if self.choose.random() < 0.5:
                name = self._pick("street_words").title()
            if self.choose.random() < 0.15:
                name = self.choose.choice("North;South;East;West;Old".split(";")) + " " + name
            if self.choose.random() < 0.12:
                name = self.choose.choice("5th;12th;42nd;1st;23rd".split(";"))
            return f"{name} {self._pick('suffixes')}"
        if kind < 0.9:
            return self._pick("streets")
        return self.choose.choice("Broadway;Main;Market;Elm;Park;Oak".split(";")) + " " + (
            self.choose.choice("Street;St;St.;Avenue;Ave".split(";"))
        )

    def _address(self) -> str:
        chance = self.choose.random
        number = self._digits(self.choose.choice([1, 2, 2, 3, 3, 4, 4, 5]))
        if chance() < 0.05:
            number = "0" + number
        if chance() < 0.05:
            number += self.choose.choice("abcd")
        street = self._street()
        kind = chance()
        if kind < 0.05:
            return f"{self.choose.choice('PO Box;P.O. Box;Box'.split(';'))} {number}{self._onward()}"
        if kind < 0.09:
            force = f"{self.choose.choice('APO;FPO;DPO'.split(';'))} {self.choose.choice('AA;AE;AP'.split(';'))}"
            unit = f"{self.choose.choice('PSC;Unit'.split(';'))} {self._digits(4)}"
            between = self.choose.choice(["\n", " ", ", "])
            return f"{unit}{self.choose.choice([',', ''])} Box {self._digits(4)}{between}{force} {self._digits(5)}"
        if kind < 0.16:
            return (
                f"{self.choose.choice(['the corner of ', ''])}"
                f"{self.choose.choice([number + ' ', ''])}{street} and {self._street()}"
            )
        if kind < 0.55:
            line = f"{number} {street}"
        elif kind < 0.75:
            # As written where the number comes second.
            line = f"{self._pick('streets')} {number}"
        else:
            line = f"{number} {street} {self._digits(self.choose.choice([1, 2, 3]))}"
        if chance() < 0.1:
            line += " " + self.choose.choice("NW;SE;N;South;West".split(";"))
        flat = ""
        if chance() < 0.35:
            unit = self.choose.choice("Apt.;Apt;apartment;Suite;Unit;#;flat;floor".split(";"))
            flat = f"{unit} {self._digits(self.choose.choice([1, 2, 3]))}"
        if flat and chance() < 0.2:
            return f"{flat} {line}{self._onward()}"
        if flat:
            line += self.choose.choice([", ", " ", "\n ", "\n"]) + flat
        return line + self._onward()

    def _onward(self) -> str:
        """Town, state, country and postcode, in some order; a bare ", town" is not hidden."""
        kind = self.choose.random()
        town = self._pick("towns_all")
        if self.choose.random() < 0.3:
            town = town.upper()
        zip_code = self.choose.choice(
            [self._digits(5), self._digits(4), f"{self._digits(2)}-{self._digits(3)}", self._digits(3)]
        )
        gap = self.choose.choice([", ", "\n", " ", "\n "])
        state = self.choose.choice("CA;NY;TX;WA;FL;CO;MA;nan;NO;IL".split(";"))
        if kind < 0.3:
            return ""
        if kind < 0.4:
            return f" {town}"
        if kind < 0.55:
            return f"{gap}{town}, {state} {zip_code}"
        if kind < 0.65:
            return f"{gap}{town} {state} {zip_code}"
        if kind < 0.75:
            return f"{gap}{town} {zip_code}"
        if kind < 0.85:
            return f"{gap}{zip_code} {town}"
        if kind < 0.95:
            return f"{gap}{town}{gap}{self._pick('countries')} {zip_code}"
        return f"{gap}{town}\n, {state}\n {self._pick('countries')} {zip_code}"

    def fill(self, template: str) -> list[tuple[str, str]]:
        """A template as pieces of text, each with what it is: "N", "A" or ""."""
        pieces: list[tuple[str, str]] = []
        rest = template.replace("\\n", "\n")
        while rest:
            before, opened, rest = rest.partition("{")
            if before:
                pieces.append((before, ""))
            if not opened:
                break
            slot, _, rest = rest.partition("}")
            label = "N" if slot in "NFL" else "A" if slot in ("A", "ST") else ""
            pieces.append((self.slots[slot](), label))
        return pieces
